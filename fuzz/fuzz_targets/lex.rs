//! The lexer loses nothing: the raw texts of the lexemes are the text, and every problem lies inside it.
#![no_main]

use caddis_grammar::lex;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lexed = lex(text);
    let raw: String = lexed.lexemes.iter().map(|lexeme| lexeme.raw).collect();
    assert_eq!(raw, text);
    assert!(lexed.lexemes.windows(2).all(|pair| pair[0].end() == pair[1].start && pair[0].line <= pair[1].line));
    for problem in &lexed.problems {
        assert!(text.get(problem.range.start as usize..problem.range.end as usize).is_some());
    }
});
