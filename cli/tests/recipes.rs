//! The commands that the GitHub action and the hooks of pre-commit run are understood.

use crate::scene::Scene;

const ACTION: &str = include_str!("../../action.yml");
const HOOKS: &str = include_str!("../../.pre-commit-hooks.yaml");

/// The arguments of the commands on the lines of a recipe: what stands behind `caddis` and begins with a command.
fn commands(recipe: &str) -> Vec<Vec<&str>> {
    recipe.lines().filter(|line| !line.contains("name:")).filter_map(arguments).collect()
}

fn arguments(line: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| word.trim_matches('"').ends_with("caddis"))? + 1;
    let command = words.get(at)?;
    ["fmt", "validate", "version"].contains(command).then(|| words[at..].to_vec())
}

/// Runs a command with a neat Caddyfile in the place of what the shell puts in.
fn understood(arguments: &[&str]) {
    let scene = Scene::with(":8080\n\nrespond ok\n");
    let of_shell = |word: &&&str| !word.starts_with(['"', '2', '$']);
    let mut arguments: Vec<&str> = arguments.iter().filter(of_shell).copied().collect();
    if arguments != ["version"] {
        arguments.push("Caddyfile");
    }
    scene.run(&arguments).success();
}

#[test]
fn recipes_run_commands_that_exist() {
    for (recipe, count) in [(ACTION, 4), (HOOKS, 2)] {
        let found = commands(recipe);
        assert_eq!(found.len(), count, "{found:?}");
        for arguments in found {
            understood(&arguments);
        }
    }
}
