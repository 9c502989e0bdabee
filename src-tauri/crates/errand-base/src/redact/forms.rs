//! The forms in which a value turns up in texts.

use crate::redact::SHORTEST;

/// A line of a value, such as of a private key, that is long enough to be hidden by itself.
const TELLING_LINE: usize = 12;
/// Where programs that encode break their lines: `base64`, PEM, `xxd -p`.
const COLUMNS: [usize; 3] = [76, 64, 60];
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What never needs to be encoded in a URL, and what `encodeURIComponent` leaves as well.
const UNRESERVED: &[u8] = b"-._~";
const LEFT_BY_SCRIPTS: &[u8] = b"-._~!*'()";

pub(super) fn of(value: &str) -> Vec<Vec<u8>> {
    let bytes = value.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    forms.extend(value.lines().map(str::trim).filter(|line| line.len() >= TELLING_LINE).map(Vec::from));
    for letters in [STANDARD, FOR_URLS] {
        forms.extend((0..3).map(|before| base64(bytes, before, letters)));
        forms.extend(broken(&base64(bytes, 0, letters)));
    }
    let hex = hexadecimal(bytes);
    forms.extend(broken(&hex));
    forms.push(hex.to_ascii_uppercase());
    forms.push(hex);
    for left in [UNRESERVED, LEFT_BY_SCRIPTS] {
        let encoded = percent(bytes, left);
        forms.push(encoded.replace("%20", "+").into());
        forms.push(lower_escapes(&encoded).into());
        forms.push(encoded.into());
    }
    if let Ok(quoted) = serde_json::to_string(value) {
        let inner = &quoted[1..quoted.len() - 1];
        let ascii = ascii_only(inner);
        forms.extend([inner, &ascii].map(|form| form.replace('/', "\\/").into()));
        forms.extend([inner, &ascii].map(Vec::from));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// The letters that say the same wherever `before % 3` bytes stand before the value and whatever comes after it.
fn base64(bytes: &[u8], before: usize, letters: &[u8; 64]) -> Vec<u8> {
    let bit = |n: usize| match n.checked_sub(before * 8) {
        Some(n) => bytes[n / 8] >> (7 - n % 8) & 1,
        None => 0,
    };
    let whole = (before + bytes.len()) * 8 / 6;
    let first = (before * 8).div_ceil(6);
    let letter = |n: usize| letters[(0..6).fold(0, |six, at| six << 1 | usize::from(bit(n * 6 + at)))];
    (first..whole).map(letter).collect()
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn broken(line: &[u8]) -> Vec<Vec<u8>> {
    let columns = COLUMNS.iter().filter(|columns| line.len() > **columns);
    let pieces = columns.flat_map(|columns| line.chunks(*columns));
    pieces.filter(|piece| piece.len() >= TELLING_LINE).map(<[u8]>::to_vec).collect()
}

fn percent(bytes: &[u8], left: &[u8]) -> String {
    let encode = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || left.contains(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(encode).collect()
}

fn lower_escapes(encoded: &str) -> String {
    let mut escaped = 0;
    let lower = |c: char| {
        escaped = if c == '%' { 2 } else { i32::max(escaped - 1, -1) };
        if escaped >= 0 { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}

/// As languages write JSON that keep to ASCII.
fn ascii_only(json: &str) -> String {
    let mut units = [0; 2];
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}
