//! What is on the screen.

use std::{collections::HashSet, fs, path::Path};

use super::{
    Desktop,
    error::{DesktopError, Result},
};

/// A picture as rows of red, green, blue.
#[derive(Debug, Clone)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    rgb: Vec<u8>,
}

pub type Colour = [u8; 3];

impl Picture {
    pub fn pixel(&self, x: usize, y: usize) -> Option<Colour> {
        let at = y.checked_mul(self.width)?.checked_add(x).filter(|_| x < self.width)? * 3;
        self.rgb.get(at..at + 3)?.try_into().ok()
    }

    /// How many different colours there are: a screen nobody painted has one or two.
    pub fn colours(&self) -> usize {
        self.rgb.chunks_exact(3).collect::<HashSet<_>>().len()
    }

    pub fn is_blank(&self) -> bool {
        self.colours() < 8
    }

    /// The share of pixels that differ, 0 to 1; pictures of different size differ wholly.
    pub fn difference(&self, other: &Self) -> f64 {
        if (self.width, self.height) != (other.width, other.height) {
            return 1.0;
        }
        let pairs = self.rgb.chunks_exact(3).zip(other.rgb.chunks_exact(3));
        let different = pairs.filter(|(mine, theirs)| mine != theirs).count();
        different as f64 / (self.width * self.height).max(1) as f64
    }

    /// Parses a binary portable pixmap with 8 bits a channel, the simplest format `import` and `convert` write.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut word = || {
            let end = rest.iter().position(u8::is_ascii_whitespace)?;
            let (word, tail) = rest.split_at(end);
            rest = &tail[1..];
            std::str::from_utf8(word).ok()
        };
        let ("P6", width, height, "255") = (word()?, word()?.parse().ok()?, word()?.parse().ok()?, word()?)
        else {
            return None;
        };
        let picture = Self { width, height, rgb: rest.to_vec() };
        (picture.rgb.len() == width * height * 3).then_some(picture)
    }
}

impl Desktop {
    /// The whole screen.
    pub fn screen(&self) -> Result<Picture> {
        self.picture_of("root")
    }

    /// One X window by its id, as xdotool prints it.
    pub fn picture_of(&self, window: &str) -> Result<Picture> {
        let bytes = self.output("import", &["-silent", "-window", window, "-depth", "8", "ppm:-"])?;
        Picture::parse(&bytes)
            .ok_or_else(|| DesktopError::Failed { program: "import".into(), detail: "no pixmap".into() })
    }

    /// The whole screen as a picture file; the ending of `file` says which kind. Creates its folder.
    pub fn screenshot(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        self.output("import", &["-silent", "-window", "root", &file.to_string_lossy()]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixmap_is_read_to_the_pixel() {
        let picture = Picture::parse(b"P6\n2 1\n255\n\x01\x02\x03\x0a\x0b\x0c").unwrap();
        assert_eq!(picture.pixel(1, 0), Some([10, 11, 12]));
        assert_eq!(picture.pixel(2, 0), None);
        assert_eq!(picture.pixel(0, 1), None);
        assert!(picture.is_blank());
        assert!(Picture::parse(b"P6\n2 1\n255\n\x01").is_none());
        assert!(Picture::parse(b"P5\n1 1\n255\n\x01").is_none());
    }

    #[test]
    fn the_difference_is_a_share() {
        let one = Picture::parse(b"P6\n2 1\n255\n\x01\x02\x03\x0a\x0b\x0c").unwrap();
        let two = Picture::parse(b"P6\n2 1\n255\n\x01\x02\x03\x0a\x0b\x0d").unwrap();
        assert_eq!(one.difference(&two), 0.5);
        assert_eq!(one.difference(&one), 0.0);
    }
}
