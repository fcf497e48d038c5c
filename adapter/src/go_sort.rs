//! Go's stable sort, move for move.
//!
//! Three of Caddy's comparators are no strict orders, so the result depends on which pairs are compared. Runs of 20 are
//! sorted by insertion and then merged in place by Kim and Kutzner's SymMerge.

const RUN: usize = 20;

/// Sorts as Go's `sort.SliceStable` does, whatever `less` answers.
pub(crate) fn stable_by<T>(items: &mut [T], mut less: impl FnMut(&T, &T) -> bool) {
    for run in items.chunks_mut(RUN) {
        insertion(run, &mut less);
    }
    let mut run = RUN;
    while run < items.len() {
        for pair in items.chunks_mut(2 * run) {
            if pair.len() > run {
                merge(pair, run, &mut less);
            }
        }
        run *= 2;
    }
}

fn insertion<T>(items: &mut [T], less: &mut impl FnMut(&T, &T) -> bool) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && less(&items[at], &items[at - 1]) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Merges the sorted halves `items[..middle]` and `items[middle..]`.
fn merge<T>(items: &mut [T], middle: usize, less: &mut impl FnMut(&T, &T) -> bool) {
    let len = items.len();
    if middle == 1 {
        let to = lowest(1, len, |at| !less(&items[at], &items[0]));
        items[..to].rotate_left(1);
        return;
    }
    if len - middle == 1 {
        let to = lowest(0, middle, |at| less(&items[middle], &items[at]));
        items[to..].rotate_right(1);
        return;
    }
    let half = len / 2;
    let mirror = half + middle - 1;
    let (from, to) = if middle > half { (mirror + 1 - len, half) } else { (0, middle) };
    let start = lowest(from, to, |at| less(&items[mirror - at], &items[at]));
    let end = mirror + 1 - start;
    if start < middle && middle < end {
        items[start..end].rotate_left(middle - start);
    }
    let (low, high) = items.split_at_mut(half);
    if 0 < start && start < half {
        merge(low, start, less);
    }
    if half < end && end < len {
        merge(high, end - half, less);
    }
}

/// The lowest index in `from..to` for which `found` holds, by bisection; `to` where it never does.
fn lowest(mut from: usize, mut to: usize, mut found: impl FnMut(usize) -> bool) -> usize {
    while from < to {
        let middle = usize::midpoint(from, to);
        if found(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::stable_by;

    #[test]
    fn agrees_with_a_stable_sort_on_strict_orders() {
        let mut state = 7_u32;
        for len in [0, 1, 2, 19, 20, 21, 39, 40, 41, 100, 333] {
            let items: Vec<(u32, usize)> = (0..len)
                .map(|at| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 28, at)
                })
                .collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            let mut sorted = items;
            stable_by(&mut sorted, |a, b| a.0 < b.0);
            assert_eq!(sorted, expected, "{len} items");
        }
    }

    #[test]
    fn a_comparator_that_is_always_true_reverses_a_run() {
        let mut items = [1, 2, 3, 4];
        stable_by(&mut items, |_, _| true);
        assert_eq!(items, [4, 3, 2, 1]);
    }
}
