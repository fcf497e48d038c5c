//! The commands on pages say what the pages tell: in a block `console`, `$ caddis …` and its output, standard
//! error first. The blocks `file: …` of the section are files in the working directory.

use crate::scene::Scene;

const PAGES: [&str; 9] = [
    include_str!("../../fixtures/diagnostics/configurations.md"),
    include_str!("../../fixtures/diagnostics/directives.md"),
    include_str!("../../fixtures/diagnostics/language.md"),
    include_str!("../../fixtures/diagnostics/matchers.md"),
    include_str!("../../fixtures/diagnostics/modules.md"),
    include_str!("../../fixtures/diagnostics/options.md"),
    include_str!("../../fixtures/diagnostics/sites.md"),
    include_str!("../../fixtures/diagnostics/tls.md"),
    include_str!("../../fixtures/shadow.md"),
];

/// The fenced blocks of a section: what stands behind the fence, and the content.
fn blocks(section: &str) -> impl Iterator<Item = (&str, &str)> {
    section.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

#[test]
fn commands_say_what_their_page_tells() {
    let mut count = 0;
    for section in PAGES.iter().flat_map(|page| page.split("\n## ").skip(1)) {
        for (_, console) in blocks(section).filter(|(info, _)| *info == "console") {
            let files =
                blocks(section).filter_map(|(info, content)| Some((info.strip_prefix("file: ")?, content)));
            let scene =
                files.fold(Scene::new(), |scene, (name, content)| scene.file(name, &format!("{content}\n")));
            let (command, expected) = console.split_once('\n').unwrap();
            let arguments: Vec<&str> = command.strip_prefix("$ caddis ").unwrap().split(' ').collect();
            let outcome = scene.run(&arguments);
            assert_eq!(format!("{}{}", outcome.stderr, outcome.stdout).trim_end(), expected, "{command}");
            count += 1;
        }
    }
    assert!(count >= 7, "{count} commands were found");
}
