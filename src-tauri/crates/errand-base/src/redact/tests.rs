use proptest::prelude::*;

use super::*;

fn knowing(values: &[String]) -> Redactor {
    let redactor = Redactor::default();
    for value in values {
        assert!(redactor.learn(&Secret::new(value.clone())), "{value}");
    }
    redactor
}

fn in_pieces(redactor: &Redactor, text: &str, cuts: &[usize]) -> String {
    let mut stream = redactor.stream();
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    for cut in cuts {
        let (piece, after) = rest.split_at(cut % (rest.len() + 1));
        out.extend(stream.push(piece.to_vec()));
        rest = after;
    }
    out.extend(stream.push(rest.to_vec()));
    out.extend(stream.finish());
    String::from_utf8(out).unwrap()
}

/// Few letters, so that values overlap each other and themselves.
fn values() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ab]{6,9}", 1..4)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..12_usize, 0..40)
}

proptest! {
    #[test]
    fn however_a_text_is_cut_the_same_is_left_and_no_value_is(
        values in values(),
        text in "[abc]{0,60}",
        cuts in cuts(),
    ) {
        let redactor = knowing(&values);
        let whole = redactor.redact(&text).into_owned();
        prop_assert_eq!(&in_pieces(&redactor, &text, &cuts), &whole);
        for value in &values {
            prop_assert!(!whole.contains(value.as_str()), "{} in {}", value, whole);
        }
        let letters = |text: &str| text.chars().filter(|c| *c == 'c').count();
        prop_assert_eq!(letters(&whole), letters(&text), "what belongs to no value stays");
    }

    #[test]
    fn colours_between_its_letters_do_not_hide_a_value(
        values in values(),
        text in "([abc]|\x1b\\[[0-9;]{0,3}m){0,60}",
        cuts in cuts(),
    ) {
        let redactor = knowing(&values);
        let plain = |text: &str| {
            let mut parts = text.split('\u{1b}');
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |all, part| all + part.split_once('m').map_or("", |(_, rest)| rest))
        };
        let whole = redactor.redact(&text).into_owned();
        for value in &values {
            prop_assert!(!plain(&whole).contains(value.as_str()), "{} in {:?}", value, whole);
        }
        prop_assert_eq!(in_pieces(&redactor, &text, &cuts), whole);
    }

    #[test]
    fn what_is_held_back_is_shorter_than_the_longest_form(values in values(), text in "[ab]{0,60}") {
        let redactor = knowing(&values);
        let longest = redactor.now().forms.iter().map(Vec::len).max().unwrap();
        let mut stream = redactor.stream();
        for byte in text.bytes() {
            stream.push(vec![byte]);
            prop_assert!(stream.flow.held.len() < longest);
        }
    }

    #[test]
    fn the_usual_forms_are_found_wherever_they_stand(
        value in "[a-zA-Z0-9/+ \"\\\\é@:%&-]{6,40}",
        before in "[a-z:]{0,5}",
        after in "[a-z]{0,5}",
        cuts in cuts(),
    ) {
        let redactor = knowing(std::slice::from_ref(&value));
        let json = serde_json::to_string(&format!("{before}{value}{after}")).unwrap();
        prop_assert!(redactor.redact(&json).contains(HIDDEN), "{}", json);
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let hex = format!("{before}{hex}{after}");
        prop_assert!(redactor.redact(&hex).contains(HIDDEN), "{}", hex);
        // Everything encoded is nobody's usual form, but letters and digits are left by all.
        if !value.bytes().any(|byte| byte.is_ascii_alphanumeric() || b"-".contains(&byte)) {
            prop_assert!(redactor.redact(&encoded).contains(HIDDEN), "{}", encoded);
        }
        let mixed = base64_of(&format!("{before}{value}{after}"));
        prop_assert!(in_pieces(&redactor, &mixed, &cuts).contains(HIDDEN), "{}", mixed);
    }

    #[test]
    fn a_text_without_a_value_stays_as_it_is(text in ".{0,80}") {
        let redactor = knowing(&["correct-horse-battery".to_owned()]);
        prop_assert_eq!(redactor.redact(&text), text.as_str());
        prop_assert!(!redactor.finds(&text));
    }
}

/// Written by another hand than the forms: groups of three bytes with the usual filling.
fn base64_of(text: &str) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits =
            group.iter().chain([&0; 2]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let four = [18, 12, 6, 0].map(|shift| char::from(letters[bits >> shift & 63]));
        four.into_iter().take(group.len() + 1).chain("==".chars().take(3 - group.len())).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

#[test]
fn a_short_value_is_refused() {
    let redactor = Redactor::default();
    assert!(!redactor.learn(&Secret::new("short".to_owned())));
    assert_eq!(redactor.redact("short"), "short");
}

#[test]
fn each_form_leaves_nothing_to_read() {
    let redactor = knowing(&["pä55 wörd/\"x\"".to_owned()]);
    for form in [
        "pä55 wörd/\"x\"",
        r#"pä55 wörd/\"x\""#,
        r#"p\u00e455 w\u00f6rd/\"x\""#,
        r#"pä55 wörd\/\"x\""#,
        "p%C3%A455%20w%C3%B6rd%2F%22x%22",
        "p%c3%a455%20w%c3%b6rd%2f%22x%22",
        "p%C3%A455+w%C3%B6rd%2F%22x%22",
        "70c3a43535207 7c3b672642f227822".replace(' ', "").as_str(),
    ] {
        assert_eq!(redactor.redact(&format!("<{form}>")), "<•••>", "{form}");
    }
    let header = format!("Basic {}", base64_of("me:pä55 wörd/\"x\""));
    let shown = redactor.redact(&header).into_owned();
    assert!(shown.starts_with("Basic bWU6•••") && shown.chars().count() < 17, "{shown}");
}

#[test]
fn a_key_of_many_lines_is_hidden_line_by_line() {
    let lines = ["-----BEGIN KEY-----", &"A".repeat(64), &"B".repeat(64), "-----END KEY-----"];
    let redactor = knowing(&[lines.join("\n")]);
    let shown = format!("  {}\r\n  {}\r\n", lines[1], lines[2]);
    assert_eq!(redactor.redact(&shown), "  •••\r\n  •••\r\n");
    let wrapped: String = base64_of(&lines.join("\n"));
    let wrapped: Vec<&str> =
        wrapped.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let shown = redactor.redact(&wrapped.join("\n")).into_owned();
    assert!(shown.lines().all(|line| line.chars().count() < 16), "{shown}");
}

#[test]
fn a_beginning_is_held_back_and_shown_once_it_is_none() {
    let redactor = knowing(&["hunter2000".to_owned()]);
    let mut stream = redactor.stream();
    assert_eq!(stream.push(b"say hunt".to_vec()), b"say ");
    assert_eq!(stream.push(b"ing, hun".to_vec()), b"hunting, ");
    assert_eq!(stream.finish(), b"hun");
    assert_eq!(stream.push(b"hunter200".to_vec()), b"");
    assert_eq!(stream.finish(), "•••".as_bytes(), "most of it is as bad as all of it");
    assert_eq!(stream.push(b"0".to_vec()), b"0");
}

#[test]
fn a_value_that_is_learned_later_is_hidden_from_then_on() {
    let redactor = Redactor::default();
    let mut stream = redactor.stream();
    assert_eq!(stream.push(b"hunter2000".to_vec()), b"hunter2000");
    assert!(redactor.clone().learn(&Secret::new("hunter2000".to_owned())));
    assert_eq!(stream.push(b"hunter2000 ".to_vec()), "••• ".as_bytes());
    assert_eq!(format!("{redactor:?}"), "Redactor { values: 1 }");
}
