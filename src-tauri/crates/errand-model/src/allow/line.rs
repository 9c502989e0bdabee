//! Reads a shell line, as far as it can be read with certainty.
//!
//! Outside of quotes a sign is either on a short list of plain ones, or one of the few operators that are
//! understood; whatever else there is makes the line unreadable. So a sign that nobody thought of asks.

use crate::allow::{Doubt, Doubted};

/// Longer lines are programs, and are read as such by a person.
const LONGEST: usize = 16 * 1024;

/// What a line does, one simple command after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub commands: Vec<Simple>,
    /// One less than there are commands.
    pub joints: Vec<Joint>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    /// As the program will get them: quotes are gone.
    pub words: Vec<String>,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joint {
    Pipe,
    And,
    Then,
}

impl Joint {
    pub fn sign(self) -> &'static str {
        match self {
            Joint::Pipe => "|",
            Joint::And => "&&",
            Joint::Then => ";",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    Read(String),
    /// To a new file or at the end of one; of the output or of the errors.
    Write {
        target: String,
        append: bool,
        errors: bool,
    },
    /// `2>&1` and its mirror image: no file is opened.
    Join {
        errors: bool,
    },
}

pub fn read(text: &str) -> Result<Line, Doubted> {
    if text.len() > LONGEST {
        return Err(Doubted::new(Doubt::TooLong, "The line is longer than what is looked at."));
    }
    let mut reader = Reader::new(text);
    let mut line = Line { commands: Vec::new(), joints: Vec::new() };
    let mut command = Simple::default();
    loop {
        reader.skip_blanks();
        match reader.peek() {
            None => break,
            Some('|' | '&' | ';') => {
                let at = reader.column();
                let joint = reader.joint()?;
                line.commands.push(finished(std::mem::take(&mut command), at)?);
                line.joints.push(joint);
            }
            Some('<' | '>') => {
                let redirect = reader.redirect(None)?;
                command.redirects.push(redirect);
            }
            Some(_) => {
                let word = reader.word()?;
                match word.number.filter(|_| matches!(reader.peek(), Some('<' | '>'))) {
                    Some(number) => {
                        let redirect = reader.redirect(Some(number))?;
                        command.redirects.push(redirect);
                    }
                    None => command.words.push(word.text),
                }
            }
        }
    }
    line.commands.push(finished(command, reader.column())?);
    Ok(line)
}

fn finished(command: Simple, at: usize) -> Result<Simple, Doubted> {
    let Some(first) = command.words.first() else {
        return Err(Doubted::at(at, Doubt::Empty, "a command is missing"));
    };
    if first.contains('=') {
        let text = format!("`{}` would change what the command finds.", shown(first));
        return Err(Doubted::new(Doubt::Assignment, text));
    }
    if KEYWORDS.contains(&first.as_str()) {
        return Err(Doubted::new(Doubt::Keyword, format!("`{first}` makes the line a small program.")));
    }
    Ok(command)
}

/// Those of bash and zsh.
const KEYWORDS: &[&str] = &[
    "if",
    "then",
    "elif",
    "else",
    "fi",
    "for",
    "foreach",
    "while",
    "until",
    "do",
    "done",
    "end",
    "case",
    "esac",
    "in",
    "select",
    "function",
    "time",
    "coproc",
    "repeat",
    "nocorrect",
    "noglob",
    "always",
    "!",
    "{",
    "}",
    "[[",
    "]]",
    "((",
];

/// A word and, if it is nothing but digits without quotes, which could belong to a redirect, these.
pub(super) struct Word {
    pub text: String,
    number: Option<String>,
}

pub(super) struct Reader {
    signs: Vec<char>,
    at: usize,
}

impl Reader {
    pub(super) fn new(text: &str) -> Reader {
        Reader { signs: text.chars().collect(), at: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.signs.get(self.at).copied()
    }

    /// Counted from 1, as people do.
    pub(super) fn column(&self) -> usize {
        self.at + 1
    }

    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
    }

    /// Takes `text` if it stands here, followed by a blank or the end.
    pub(super) fn take_alone(&mut self, text: &str) -> bool {
        let len = text.chars().count();
        let here = self.signs.get(self.at..self.at + len);
        let found = here.is_some_and(|here| here.iter().copied().eq(text.chars()))
            && matches!(self.signs.get(self.at + len), None | Some(' ' | '\t'));
        if found {
            self.at += len;
        }
        found
    }

    fn doubt(&self, doubt: Doubt, what: &str) -> Doubted {
        Doubted::at(self.column(), doubt, what)
    }

    fn next_is(&self, sign: char) -> bool {
        self.signs.get(self.at + 1) == Some(&sign)
    }

    fn joint(&mut self) -> Result<Joint, Doubted> {
        let (joint, len) = match self.peek() {
            Some('|') if self.next_is('|') => {
                return Err(self.doubt(Doubt::OrElse, "what follows `||` runs only after a failure"));
            }
            Some('|') if self.next_is('&') => {
                return Err(self.doubt(Doubt::Redirect, "`|&` is written `2>&1 |`"));
            }
            Some('|') => (Joint::Pipe, 1),
            Some('&') if self.next_is('&') => (Joint::And, 2),
            Some('&') if self.next_is('>') => {
                return Err(self.doubt(Doubt::Redirect, "`&>` is not the same in every shell"));
            }
            Some('&') => return Err(self.doubt(Doubt::Background, "`&` leaves something running")),
            _ => (Joint::Then, 1),
        };
        self.at += len;
        Ok(joint)
    }

    /// At `<` or `>`; `number` is what stood right before it.
    fn redirect(&mut self, number: Option<String>) -> Result<Redirect, Doubted> {
        let unknown = |reader: &Reader| reader.doubt(Doubt::Redirect, "this redirect is not understood");
        let reads = self.peek() == Some('<');
        let errors = match (reads, number.as_deref()) {
            (true, None | Some("0")) | (false, None | Some("1")) => false,
            (false, Some("2")) => true,
            _ => return Err(unknown(self)),
        };
        self.at += 1;
        let mut append = false;
        match (reads, self.peek()) {
            (_, Some('(')) => {
                return Err(self.doubt(Doubt::ProcessSubstitution, "this runs another command"));
            }
            (true, Some('<')) => return Err(self.doubt(Doubt::HereDocument, "text is handed in with `<<`")),
            (false, Some('>')) => {
                append = true;
                self.at += 1;
            }
            (false, Some('&')) => {
                self.at += 1;
                let to_errors = match self.peek() {
                    Some('1') => false,
                    Some('2') => true,
                    _ => return Err(unknown(self)),
                };
                self.at += 1;
                // Anything that sticks to the digit makes it something else.
                return match self.peek() {
                    None | Some(' ' | '\t' | '|' | '&' | ';') => Ok(Redirect::Join { errors: to_errors }),
                    Some(_) => Err(unknown(self)),
                };
            }
            _ => {}
        }
        self.skip_blanks();
        if matches!(self.peek(), None | Some('|' | '&' | ';' | '<' | '>')) {
            return Err(unknown(self));
        }
        let target = self.word()?;
        if target.number.is_some() && matches!(self.peek(), Some('<' | '>')) {
            return Err(unknown(self));
        }
        let target = target.text;
        Ok(if reads { Redirect::Read(target) } else { Redirect::Write { target, append, errors } })
    }

    /// At the first sign of a word.
    pub(super) fn word(&mut self) -> Result<Word, Doubted> {
        let start = self.at;
        let mut text = String::new();
        let mut quoted = false;
        while let Some(sign) = self.peek() {
            match sign {
                ' ' | '\t' | '|' | '&' | ';' | '<' | '>' => break,
                '\'' => {
                    quoted = true;
                    self.single(&mut text)?;
                    continue;
                }
                '"' => {
                    quoted = true;
                    self.double(&mut text)?;
                    continue;
                }
                '\\' => {
                    quoted = true;
                    self.at += 1;
                    match self.peek() {
                        Some(sign) if sign == ' ' || sign.is_ascii_graphic() => text.push(sign),
                        Some(sign) => return Err(self.strange(sign)),
                        None => return Err(self.doubt(Doubt::OpenQuote, "nothing follows the backslash")),
                    }
                }
                '=' if self.at == start => {
                    return Err(self.doubt(Doubt::Tilde, "a word that begins with `=` is replaced by zsh"));
                }
                '~' if self.at == start || !self.signs[self.at - 1].is_ascii_alphanumeric() => {
                    return Err(self.doubt(Doubt::Tilde, "`~` stands for a folder elsewhere"));
                }
                'a'..='z' | 'A'..='Z' | '0'..='9' => text.push(sign),
                '_' | '-' | '.' | '/' | ':' | '@' | '%' | '+' | ',' | '=' | '~' => text.push(sign),
                _ => return Err(self.strange(sign)),
            }
            self.at += 1;
        }
        let digits = !quoted && text.bytes().all(|byte| byte.is_ascii_digit());
        Ok(Word { number: digits.then(|| text.clone()), text })
    }

    fn single(&mut self, text: &mut String) -> Result<(), Doubted> {
        self.at += 1;
        while let Some(sign) = self.peek() {
            if sign == '\'' {
                self.at += 1;
                return Ok(());
            }
            if is_hidden(sign) {
                return Err(self.strange(sign));
            }
            text.push(sign);
            self.at += 1;
        }
        Err(self.doubt(Doubt::OpenQuote, "a quote is not closed"))
    }

    fn double(&mut self, text: &mut String) -> Result<(), Doubted> {
        self.at += 1;
        while let Some(sign) = self.peek() {
            match sign {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '$' | '`' | '!' => return Err(self.strange(sign)),
                '\\' if matches!(self.signs.get(self.at + 1), Some('$' | '`' | '"' | '\\')) => {
                    self.at += 1;
                    text.push(self.signs[self.at]);
                }
                sign if is_hidden(sign) => return Err(self.strange(sign)),
                sign => text.push(sign),
            }
            self.at += 1;
        }
        Err(self.doubt(Doubt::OpenQuote, "a quote is not closed"))
    }

    /// What a sign that is not plain makes of the line.
    fn strange(&self, sign: char) -> Doubted {
        let (doubt, what) = match sign {
            '$' if self.next_is('(') => (Doubt::Substitution, "`$(` runs another command"),
            '`' => (Doubt::Substitution, "a backtick runs another command"),
            '$' => (Doubt::Variable, "`$` stands for something that is not in the line"),
            '*' | '?' | '[' | ']' => (Doubt::Glob, "this stands for whatever files there are"),
            '{' | '}' => (Doubt::Braces, "braces make several words of one, or a group"),
            '#' => (Doubt::Comment, "`#` may begin a comment"),
            '!' | '^' => (Doubt::History, "this may repeat or change an earlier command"),
            '(' | ')' => (Doubt::Group, "parentheses start another shell"),
            '\n' | '\r' => (Doubt::Control, "there is more than one line"),
            sign if sign.is_ascii() || sign.is_control() => {
                (Doubt::Control, "there is a sign that cannot be seen")
            }
            sign if is_hidden(sign) => (Doubt::ForeignSign, "there is a sign that cannot be seen"),
            _ => (Doubt::ForeignSign, "outside of quotes this sign is not the same everywhere"),
        };
        self.doubt(doubt, what)
    }
}

/// Signs that show nothing, or something else than what they are. A blank is none of them.
pub(super) fn is_hidden(sign: char) -> bool {
    let format = matches!(sign,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    sign.is_control() || format || (sign.is_whitespace() && sign != ' ')
}

/// For a sentence: short, and nothing in it that is not seen.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String =
        text.chars().take(MOST).map(|sign| if is_hidden(sign) { '\u{fffd}' } else { sign }).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// A word as it would be typed; one way of writing for each word.
pub(super) fn quoted(word: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "_-./:@%+,".contains(sign);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
