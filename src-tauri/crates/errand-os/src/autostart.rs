//! Whether Errand starts, hidden, when its person logs in: an entry among the desktop's own. The entry is all there is
//! to know: whoever removes it, or switches it off in the desktop's settings, has switched it off.

use std::io;
use std::path::{Path, PathBuf};

use crate::Home;

/// The entry of one home. Another home has another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autostart {
    file: PathBuf,
    /// The words of the command.
    exec: Vec<String>,
}

impl Autostart {
    /// `program` is the desktop app. None where there is no such place on this system, or none for this person.
    pub fn of(home: &Home, program: &Path) -> Option<Autostart> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
        Autostart::within(&folder, home, program)
    }

    fn within(folder: &Path, home: &Home, program: &Path) -> Option<Autostart> {
        let program = program.to_str()?.to_owned();
        let is_usual = Home::usual().is_some_and(|usual| usual == *home);
        let name =
            if is_usual { "errand.desktop".to_owned() } else { format!("errand-{}.desktop", home.mark()) };
        let mut exec = Vec::new();
        if !is_usual {
            exec.extend(["env".to_owned(), format!("ERRAND_HOME={}", home.root().to_str()?)]);
        }
        exec.extend([program, "--hidden".to_owned()]);
        Some(Autostart { file: folder.join("autostart").join(name), exec })
    }

    pub fn is_on(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|entry| is_on(&entry))
    }

    pub fn switch(&self, on: bool) -> io::Result<()> {
        if !on {
            return match std::fs::remove_file(&self.file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // A desktop that reads it at this moment sees the one before or this one.
        let new = self.file.with_extension("new");
        std::fs::write(&new, self.entry())?;
        std::fs::rename(&new, &self.file)
    }

    fn entry(&self) -> String {
        let exec: Vec<String> = self.exec.iter().map(|word| quoted(word)).collect();
        format!(
            "[Desktop Entry]\nType=Application\nName=Errand\nComment=Does your errands in the background\n\
             Exec={}\nIcon=errand-desktop\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
            exec.join(" ")
        )
    }
}

/// As desktops read it: two keys switch an entry off without removing it.
fn is_on(entry: &str) -> bool {
    let mut group = "";
    let mut exec = false;
    for line in entry.lines().map(str::trim) {
        if line.starts_with('[') {
            group = line;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| group == "[Desktop Entry]") else {
            continue;
        };
        match (key.trim(), value.trim()) {
            ("Hidden", "true") | ("X-GNOME-Autostart-enabled", "false") => return false,
            ("Exec", command) => exec = !command.is_empty(),
            _ => {}
        }
    }
    exec
}

/// A word of `Exec`: quoted for the command, then escaped as the text that it is in the file.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=+,:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '`' | '$' => out.extend(["\\\\", c.encode_utf8(&mut [0; 4])]),
            '\\' => out.push_str("\\\\\\\\"),
            '%' => out.push_str("%%"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_is_all_there_is_to_know() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("a home")).unwrap();
        let entry = Autostart::within(folder.path(), &home, Path::new("/opt/errand-desktop")).unwrap();
        assert!(!entry.is_on());
        entry.switch(false).unwrap();
        entry.switch(true).unwrap();
        entry.switch(true).unwrap();
        assert!(entry.is_on());
        let text = std::fs::read_to_string(&entry.file).unwrap();
        let exec =
            format!("Exec=env \"ERRAND_HOME={}\" /opt/errand-desktop --hidden\n", home.root().display());
        assert!(text.contains(&exec), "{text}");
        let other = Autostart::within(folder.path(), &Home::at("/other").unwrap(), Path::new("/x")).unwrap();
        assert!(!other.is_on(), "another home has another entry");
        // Switched off elsewhere.
        for key in ["Hidden=true", "X-GNOME-Autostart-enabled=false"] {
            std::fs::write(&entry.file, format!("{text}{key}\n")).unwrap();
            assert!(!entry.is_on(), "{key}");
        }
        std::fs::write(&entry.file, format!("{text}[Desktop Action x]\nHidden=true\n")).unwrap();
        assert!(entry.is_on());
        std::fs::remove_file(&entry.file).unwrap();
        assert!(!entry.is_on());
        let left = std::fs::read_dir(entry.file.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0);
    }

    #[test]
    fn words_of_the_command_cannot_become_others() {
        for (word, wanted) in [
            ("/usr/bin/errand-desktop", "/usr/bin/errand-desktop"),
            ("/opt/my tools/x", "\"/opt/my tools/x\""),
            ("a\"b", r#""a\\"b""#),
            ("$(id)`id`", r#""\\$(id)\\`id\\`""#),
            ("a\\b", r#""a\\\\b""#),
            ("100%f", "\"100%%f\""),
            ("a\nExec=/bin/evil", "\"a\\nExec=/bin/evil\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(word), wanted, "{word:?}");
        }
    }
}
