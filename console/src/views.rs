//! Saved views in a file, `views.toml` in the state folder: the program writes it, so it is not among the settings.
//!
//! A file that cannot be read is never overwritten: what a person saved is not lost to a typing error or a later version.

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::sanitise;
use crate::state::Screen;
use crate::state::sort::Sort;
use crate::state::views::{self, NAME_MAX, VIEWS_MAX, View};

/// Its name in the state folder.
pub const FILE: &str = "views.toml";

/// Longest file that is read, in bytes: several times what [`VIEWS_MAX`] views take.
const FILE_BYTES_MAX: u64 = 256 * 1_024;

/// Why views could not be read or saved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or its folder cannot be used.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no TOML, or not of this shape.
    #[error("{0}")]
    Shape(String),
    /// It is longer than any file of ours.
    #[error("longer than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// A view names something that this version does not know.
    #[error("view {0:?}: there is no {1} {2:?}")]
    Unknown(String, &'static str, String),
    /// There are as many as are kept.
    #[error("{VIEWS_MAX} views at most")]
    Full,
}

/// The file as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(default, rename = "view")]
    views: Vec<Written>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    screen: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pane: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    filter: String,
    #[serde(default = "usual")]
    sort: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reversed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<String>,
}

fn usual() -> String {
    views::key_name(crate::state::sort::Key::Usual)
}

impl From<&View> for Written {
    fn from(view: &View) -> Self {
        Self {
            name: view.name.clone(),
            screen: views::screen_name(view.screen).to_owned(),
            pane: (view.screen == Screen::Bus).then(|| views::pane_name(view.pane).to_owned()),
            filter: view.filter.clone(),
            sort: views::key_name(view.sort.key),
            reversed: view.sort.reversed,
            hidden: view.hidden.iter().map(|column| views::column_name(*column)).collect(),
        }
    }
}

impl Written {
    fn read(self) -> Result<View, Error> {
        let name = sanitise::text(&self.name, NAME_MAX);
        let unknown = |what, value: &str| Error::Unknown(name.clone(), what, sanitise::text(value, NAME_MAX));
        let screen = views::screen_named(&self.screen).ok_or_else(|| unknown("screen", &self.screen))?;
        let pane = self.pane.as_deref().map(|pane| views::pane_named(pane).ok_or_else(|| unknown("pane", pane)));
        let pane = pane.transpose()?.unwrap_or_default();
        let key = views::key_named(screen, &self.sort).ok_or_else(|| unknown("order", &self.sort))?;
        let column = |column: &String| views::column_named(screen, column).ok_or_else(|| unknown("column", column));
        let hidden = self.hidden.iter().map(column).collect::<Result<_, _>>()?;
        let filter = sanitise::text(&self.filter, crate::filter::FILTER_MAX);
        Ok(View { name, screen, pane, filter, sort: Sort { key, reversed: self.reversed }, hidden })
    }
}

/// Reads the views of the file in `folder`; none when there is no file.
pub fn load(folder: &Path) -> Result<Vec<View>, Error> {
    let file = match File::open(folder.join(FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::TooLong);
    }
    let shape: Shape = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        Error::Shape(sanitise::text(&format!("line {line}: {}", error.message()), sanitise::SENTENCE_MAX))
    })?;
    if shape.views.len() > VIEWS_MAX {
        return Err(Error::Full);
    }
    shape.views.into_iter().map(Written::read).collect()
}

/// Adds `view` to the file in `folder`, or puts it in the place of the one of the same name; tells all that are there
/// then. The file is read anew, for another console may have saved, and replaced as a whole, for its owner alone.
pub fn save(folder: &Path, view: View) -> Result<Vec<View>, Error> {
    let all = views::with(load(folder)?, view).ok_or(Error::Full)?;
    let shape = Shape { views: all.iter().map(Written::from).collect() };
    let text = toml::to_string(&shape).map_err(|error| Error::Shape(error.to_string()))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Its mode is 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(folder.join(FILE)).map_err(|error| error.error)?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::state::sort::Key;
    use crate::state::wire::Pane;
    use crate::text::Msg;

    fn view(name: &str) -> View {
        View {
            name: name.to_owned(),
            screen: Screen::Orders,
            pane: Pane::default(),
            filter: r#"estado:error -"el norte" /^K0/"#.to_owned(),
            sort: Sort { key: Key::Column(Msg::ColumnAge), reversed: true },
            hidden: vec![Msg::ColumnTotal],
        }
    }

    #[test]
    fn what_is_saved_is_read_again_and_the_file_is_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/domicilio");
        assert_eq!(load(&folder).unwrap(), []);
        assert_eq!(save(&folder, view("Mañana")).unwrap(), [view("Mañana")]);
        let other =
            View { screen: Screen::Bus, pane: Pane::Tail, sort: Sort::default(), hidden: Vec::new(), ..view("log") };
        save(&folder, other.clone()).unwrap();
        // The same name, whatever its case and accents: in the same place.
        let changed = View { filter: String::new(), ..view("MANANA") };
        assert_eq!(save(&folder, changed.clone()).unwrap(), [changed.clone(), other.clone()]);
        assert_eq!(load(&folder).unwrap(), [changed, other]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_as_it_is_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for (text, why) in [
            ("[[view]]\nname = \"a\"\nscreen = [", "line 3"),
            ("[[view]]\nname = \"a\"\nscreen = \"kitchen\"\n", "there is no screen \"kitchen\""),
            ("[[view]]\nname = \"a\"\nscreen = \"bus\"\npane = \"x\"\n", "there is no pane \"x\""),
            ("[[view]]\nname = \"a\"\nscreen = \"orders\"\nsort = \"x\"\n", "there is no order \"x\""),
            ("[[view]]\nname = \"a\"\nscreen = \"log\"\nhidden = [\"total\"]\n", "there is no column \"total\""),
            ("[[view]]\nname = \"a\"\nscreen = \"log\"\nlater = 1\n", "unknown field"),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = save(folder.path(), view("b")).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::write(&path, "# ".repeat(200_000)).unwrap();
        assert!(matches!(load(folder.path()), Err(Error::TooLong)));
    }

    #[test]
    fn no_more_views_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<View> = (0..VIEWS_MAX).map(|n| view(&format!("v{n}"))).collect();
        let shape = Shape { views: all.iter().map(Written::from).collect() };
        std::fs::write(folder.path().join(FILE), toml::to_string(&shape).unwrap()).unwrap();
        assert!(matches!(save(folder.path(), view("one too many")), Err(Error::Full)));
        assert_eq!(save(folder.path(), view("v7")).unwrap().len(), VIEWS_MAX);
    }
}
