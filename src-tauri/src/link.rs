//! Links that other programs open: `errand://new?brief=…&folder=…`. A link only fills in what a person then reads,
//! changes and hands over, or does not. It never starts anything and never names a program.

use errand_base::{Code, Fault};
use errand_os::text;
use errand_wire::Draft;

pub const SCHEME: &str = "errand:";
const NEW: &str = "errand://new";
/// Of a brief, in characters.
const LONGEST: usize = 8_000;
const LONGEST_FOLDER: usize = 1_000;
/// Of the link as it is typed; each letter may take twelve signs.
const LONGEST_LINK: usize = 12 * (LONGEST + LONGEST_FOLDER);

pub fn read(link: &str) -> Result<Draft, Fault> {
    if link.len() > LONGEST_LINK {
        return Err(bad("it is too long"));
    }
    let rest = link.strip_prefix(NEW).ok_or_else(|| bad("only errand://new is known"))?;
    // Browsers put the slash there.
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let query = rest.strip_prefix('?').ok_or_else(|| bad("a brief or a folder is missing"))?;
    let mut draft = Draft::default();
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').ok_or_else(|| bad("a value is missing"))?;
        let value = decoded(value)?;
        let field = match key {
            "brief" => {
                checked_brief(&value)?;
                &mut draft.brief
            }
            "folder" => {
                checked_folder(&value)?;
                &mut draft.folder
            }
            _ => return Err(bad("it says something that is not known")),
        };
        if field.replace(value).is_some() {
            return Err(bad("it says the same thing twice"));
        }
    }
    Ok(draft)
}

fn checked_brief(brief: &str) -> Result<(), Fault> {
    if brief.trim().is_empty() {
        return Err(bad("its brief is empty"));
    }
    if brief.chars().count() > LONGEST {
        return Err(bad("its brief is too long"));
    }
    if !brief.split('\n').all(|line| text::line(line, usize::MAX).whole) || has_control(brief, &['\n', '\t'])
    {
        return Err(bad("something is hidden in its brief"));
    }
    Ok(())
}

fn checked_folder(folder: &str) -> Result<(), Fault> {
    if !folder.starts_with('/') || folder.chars().count() > LONGEST_FOLDER {
        return Err(bad("its folder is not a full path"));
    }
    if !text::line(folder, usize::MAX).whole || has_control(folder, &[]) {
        return Err(bad("something is hidden in its folder"));
    }
    Ok(())
}

fn has_control(value: &str, allowed: &[char]) -> bool {
    let lines = ['\u{2028}', '\u{2029}'];
    value.chars().any(|c| (c.is_control() && !allowed.contains(&c)) || lines.contains(&c))
}

/// As browsers and forms write it.
fn decoded(value: &str) -> Result<String, Fault> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                let byte = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                byte.ok_or_else(|| bad("it is not written as links are"))?
            }
            b'+' => b' ',
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => byte,
            // What may stand in a query as it is; a second question mark does no harm, a `#` ends it.
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b':'
            | b'@' | b'/' | b'?' => byte,
            _ => return Err(bad("it is not written as links are")),
        });
    }
    String::from_utf8(out).map_err(|_| bad("it is not written as links are"))
}

/// Of the link itself nothing is said: it came from anywhere.
fn bad(why: &str) -> Fault {
    Fault::new(Code::BadUsage, format!("A link to Errand was not opened: {why}."))
        .hint("It takes errand://new?brief=TEXT&folder=PATH.")
}

/// The draft as the address of a page.
pub fn query(draft: &Draft) -> String {
    let fields = [("brief", &draft.brief), ("folder", &draft.folder)];
    let given =
        fields.iter().filter_map(|(key, value)| Some(format!("{key}={}", encoded(value.as_deref()?))));
    given.collect::<Vec<_>>().join("&")
}

fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let signs = value.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    signs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fills_in_a_brief_and_a_folder() {
        let draft =
            read("errand://new?brief=Tidy%20up%0Athe+notes%20%26%20co&folder=/home/ada/my%20notes").unwrap();
        assert_eq!(draft.brief.as_deref(), Some("Tidy up\nthe notes & co"));
        assert_eq!(draft.folder.as_deref(), Some("/home/ada/my notes"));
        assert_eq!(read(&format!("{NEW}?{}", query(&draft))).unwrap(), draft);
        let only = read("errand://new/?brief=Gr%C3%BC%C3%9Fe%20%F0%9F%91%8D").unwrap();
        assert_eq!((only.brief.as_deref(), only.folder), (Some("Grüße 👍"), None));
        // A brief may look like anything: it is not run.
        assert!(read("errand://new?brief=rm%20-rf%20~%3B%20%60id%60").is_ok());
    }

    #[test]
    fn whatever_is_not_exactly_that_is_refused() {
        let long = format!("errand://new?brief={}", "x".repeat(LONGEST + 1));
        let huge = format!("errand://new?brief={}", "%41".repeat(LONGEST_LINK));
        let folder = format!("errand://new?folder=/{}", "x".repeat(LONGEST_FOLDER));
        for link in [
            "errand:",
            "errand://",
            "errand://new",
            "errand://new?",
            "errand://run?brief=x",
            "errand://new.evil?brief=x",
            "errand://new:80?brief=x",
            "errand://me@new?brief=x",
            "errand://newer?brief=x",
            "errand://new/run?brief=x",
            "ERRAND://NEW?brief=x",
            " errand://new?brief=x",
            "errand://new?brief",
            "errand://new?brief=",
            "errand://new?brief=%20%0A",
            "errand://new?brief=x&",
            "errand://new?brief=x&brief=y",
            "errand://new?brief=x&program=/bin/sh",
            "errand://new?line=make",
            "errand://new?argv=sh&argv=-c",
            "errand://new?brief=x&run=1",
            "errand://new?Brief=x",
            "errand://new?br%69ef=x",
            "errand://new?brief=x#fragment",
            "errand://new?brief=a=b",
            "errand://new?brief=%",
            "errand://new?brief=%4",
            "errand://new?brief=%zz",
            "errand://new?brief=%+4",
            "errand://new?brief=%FF",
            "errand://new?brief=%C0%80",
            "errand://new?brief=%00",
            "errand://new?brief=a%0Db",
            "errand://new?brief=%1B[31m",
            "errand://new?brief=%1B%5B31m",
            "errand://new?brief=%E2%80%AEgnp.exe",
            "errand://new?brief=a%E2%80%8Bb",
            "errand://new?brief=a%E2%80%A8b",
            "errand://new?brief=a b",
            "errand://new?brief=<b>",
            "errand://new?brief=\"x\"",
            "errand://new?brief=grün",
            "errand://new?folder=",
            "errand://new?folder=home",
            "errand://new?folder=../x",
            "errand://new?folder=~/x",
            "errand://new?folder=/a%0Ab",
            "errand://new?folder=/a%E2%80%AE",
            "errand://new?folder=file:///etc",
            &long,
            &huge,
            &folder,
        ] {
            let fault = read(link).expect_err(link);
            assert_eq!(fault.code, Code::BadUsage, "{link}");
            assert!(fault.message.len() < 100 && !fault.message.contains("exe"), "{}", fault.message);
        }
    }
}
