//! What the tray and its helper tell each other: JSON, one line each, over the helper's standard input and output.
//! The end of the input is the order to leave.

use errand_wire::Window;
use serde::{Deserialize, Serialize};

/// Tray to helper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Open(Window),
}

/// Helper to tray.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// How many windows there are now. Said after every change.
    Windows(usize),
    /// The page of this window is on screen.
    Ready(String),
    /// The person has copied this text.
    Copied(String),
}

/// `None` for what is not one of ours: libraries print to standard output now and then.
pub fn read<T: for<'de> Deserialize<'de>>(line: &str) -> Option<T> {
    serde_json::from_str(line).ok()
}

pub fn write(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_stable() {
        let open = Order::Open(Window::quick());
        assert_eq!(write(&open), b"{\"open\":{\"kind\":\"quick\",\"task\":null}}\n");
        assert_eq!(read::<Order>(r#"{"open":{"kind":"quick"}}"#), Some(open));
        let answer = Order::Open(Window::answer("bold-falcon-427", "q1"));
        let line = b"{\"open\":{\"kind\":\"answer\",\"task\":\"bold-falcon-427\",\"question\":\"q1\"}}\n";
        assert_eq!(write(&answer), line);
        assert_eq!(read::<Report>(r#"{"windows":2}"#), Some(Report::Windows(2)));
        assert_eq!(read::<Report>("Gtk-Message: hello"), None);
    }
}
