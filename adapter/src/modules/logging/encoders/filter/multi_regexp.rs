//! The filter `multi_regexp`.

use caddis_config::logging::{
    FieldFilter,
    encoders::filter::{MultiRegexp, RegexpOperation},
};

use crate::{
    args::{Args, Value},
    directives::lenient::only_block,
    errors,
    modules::Module,
    table::{Row, Shape, read_block, row},
};

/// The most expressions, and the most bytes in one.
const MAX_OPERATIONS: usize = 50;
const MAX_PATTERN: usize = 1000;

/// See `fixtures/modules/logging/encoders/filter/multi_regexp.md`.
pub(crate) const MODULE: Module<FieldFilter> = Module {
    name: "multi_regexp",
    read: |cx, line| {
        let mut filter = MultiRegexp::default();
        if only_block(cx, line) {
            read_block(cx, line, ROWS, &mut filter);
        }
        if filter.operations.is_empty() {
            return Err(errors::logging::no_operation(line.name()));
        }
        Ok(filter.into())
    },
};

pub(crate) static ROWS: &[Row<MultiRegexp>] =
    &[row("regexp", Shape::Some("pattern replacement"), |filter, line, _| {
        if filter.operations.len() >= MAX_OPERATIONS {
            return Err(errors::logging::too_many_operations(line.name(), MAX_OPERATIONS));
        }
        let [regexp, value] = line.exactly::<2>()?;
        if regexp.text.len() > MAX_PATTERN {
            return Err(errors::logging::pattern_too_long(regexp, MAX_PATTERN));
        }
        if regexp.text.is_empty() {
            return Err(errors::logging::empty_pattern(regexp));
        }
        filter.operations.push(RegexpOperation { regexp: regexp.string(), value: value.string() });
        Ok(())
    })];
