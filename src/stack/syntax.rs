//! Faults of the YAML itself, in words that help.

use crate::problem::{Code, Problem, Span};

/// What the YAML parser found at an offset, in its own words, as a problem in ours.
pub fn problem(text: &str, at: usize, info: &str) -> Problem {
    let at = place(text, at);
    let line = line_around(text, at.start);
    let (message, help) = words(line, &text[at.start..], info);
    let problem = Problem::new(Code::YamlSyntax, message).at(at);
    if help.is_empty() { problem } else { problem.help(help) }
}

/// The offset itself, or the last character of the text that is not space if it lies behind it.
fn place(text: &str, at: usize) -> Span {
    let written = text.trim_end().len();
    let start = if at < written { at } else { text[..written].char_indices().next_back().map_or(0, |(last, _)| last) };
    let length = text[start..].chars().next().filter(|first| *first != '\n').map_or(0, char::len_utf8);
    Span { start, end: start + length }
}

fn line_around(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    &text[start..end]
}

fn words(line: &str, rest: &str, info: &str) -> (String, &'static str) {
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    let first = rest.chars().next().unwrap_or(' ');
    let has = |words: &[&str]| words.iter().any(|word| info.contains(word));
    if indent.contains('\t') || has(&["tabs disallowed", "tab cannot"]) {
        return ("a tab stands where the line is indented".into(), "YAML is indented with spaces only");
    }
    if has(&["flow mapping", "flow sequence", "misplaced bracket", "invalid flow"]) {
        let help = if line.contains("${") {
            "put a text that holds `${...}` in quotes when it stands inside braces or brackets"
        } else {
            "look for a brace, bracket, comma or quote that is missing or too many"
        };
        return ("the braces or brackets do not fit together here".into(), help);
    }
    if has(&["illegal placement of ':'"]) {
        let help = "close the brace or bracket that is open above; a text that holds `: ` goes in quotes";
        return ("a key with `:` cannot stand here".into(), help);
    }
    if has(&["mapping values are not allowed"]) {
        let help = "a text that holds `: ` goes in quotes; a key goes on its own line, as far in as its neighbours";
        return ("a key with `:` cannot stand here".into(), help);
    }
    if has(&["simple key expect ':'", "simple key expected"]) {
        return ("a key without its `:`".into(), "write `key: value`, with a space after the colon");
    }
    if has(&["quoted scalar", "double-quoted", "single-quoted"]) {
        return ("the quotes do not fit together here".into(), "look for a quote that is missing or too many");
    }
    if has(&["unexpected character"]) {
        return (format!("a text cannot begin with `{first}` here"), "put it in quotes");
    }
    if has(&["unknown anchor"]) {
        return ("this alias stands for nothing".into(), "give what it stands for a name before it, as in `&name`");
    }
    if has(&["handle wasn't declared"]) {
        return ("this tag is not known".into(), "take it out, or put the text in quotes if it begins with `!`");
    }
    if has(&["unprintable", "control character"]) {
        return ("a character stands here that is none of a text's".into(), "take it out, or save the file as UTF-8");
    }
    if has(&["block collection", "block mapping", "document start", "indent"]) {
        return ("this line does not go with those above it".into(), "indent the lines of one map or list alike");
    }
    (format!("this is not YAML: {info}"), "")
}

#[cfg(test)]
mod tests {
    fn check(text: &str, message: &str) {
        let problem = crate::stack::yaml::parse(text).expect_err("a syntax error");
        assert!(problem.message.contains(message), "{text:?}: {}", problem.message);
        let span = problem.span.expect("a place");
        assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{text:?}: {span:?}");
    }

    #[test]
    fn faults_of_the_yaml_are_told_in_plain_words() {
        check("a: [1,2\nb: 3\n", "`:`");
        check("a: [1,2\n", "braces or brackets");
        check("a: {x: ${t.n}}\n", "braces or brackets");
        check("a: b: c\n", "`:`");
        check("a:\n\tb: 1\n", "tab");
        check("a: \"x\nb: 1\n", "quotes");
        check("a: @x\n", "cannot begin with `@`");
        check("a: *nope\n", "stands for nothing");
        check("a: !foo!bar 1\n", "tag");
        check("a: &x [*x]\n", "inside of what it stands for");
        check("a: 1\nb\nc: 2\n", "without its `:`");
        check("- a\nb: 1\n", "does not go with");
        check("a: 1\n---\nb: 2\n", "a second");
        check(&"[".repeat(500_000), "64 deep");
        check(&"- ".repeat(500_000), "64 deep");
    }
}
