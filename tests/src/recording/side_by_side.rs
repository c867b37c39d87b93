//! Two recordings, or two events, next to each other.

use super::Entry;

/// How wide a column is.
const WIDTH: usize = 88;

/// The first entries that differ, of at most this number.
const SHOWN: usize = 4;

/// What differs between the recordings of two servers.
pub(super) fn recordings(real: &[Entry], embedded: &[Entry]) -> String {
    let mut text = String::new();
    let titles =
        |entries: &[Entry]| -> Vec<String> { entries.iter().map(|it| it.title.clone()).collect() };
    let (real_titles, embedded_titles) = (titles(real), titles(embedded));
    if real_titles != embedded_titles {
        text.push_str(&columns("what happened", "", ""));
        let len = real.len().max(embedded.len());
        let at = |titles: &[String], at| titles.get(at).cloned().unwrap_or_default();
        for line in 0..len {
            let (real, embedded) = (at(&real_titles, line), at(&embedded_titles, line));
            text.push_str(&columns("", &real, &embedded));
        }
    }
    // Entries of the same title are the same thing, wherever they stand.
    let pairs = real.iter().filter_map(|entry| {
        let other = embedded.iter().find(|it| it.title == entry.title)?;
        (other != entry).then_some((entry, other))
    });
    for (real, embedded) in pairs.take(SHOWN) {
        text.push_str(&entries(real, embedded));
    }
    text
}

fn entries(real: &Entry, embedded: &Entry) -> String {
    let mut text = columns(&real.title, "real server", "embedded server");
    let value = |entry: &Entry, path: &str| {
        let found = entry.fields.iter().find(|(name, _)| name == path);
        found.map(|(_, value)| value.clone())
    };
    let paths = real.fields.iter().map(|(path, _)| path);
    let missing = embedded.fields.iter().map(|(path, _)| path);
    let missing = missing.filter(|path| value(real, path).is_none());
    for path in paths.chain(missing) {
        let (real, embedded) = (value(real, path), value(embedded, path));
        let show =
            |it: Option<String>| it.map_or_else(|| "-".to_owned(), |it| format!("{path} = {it}"));
        text.push_str(&columns("", &show(real), &show(embedded)));
    }
    text
}

/// Two texts next to each other, marked if they differ.
fn columns(title: &str, real: &str, embedded: &str) -> String {
    if !title.is_empty() {
        return format!("\n{title}\n    {real:WIDTH$} | {embedded}\n");
    }
    let mark = if real == embedded { ' ' } else { '!' };
    let lines = |text: &str| -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        let lines = chars.chunks(WIDTH).map(|it| it.iter().collect());
        lines.collect()
    };
    let (real, embedded) = (lines(real), lines(embedded));
    let at = |lines: &[String], at| lines.get(at).cloned().unwrap_or_default();
    (0..real.len().max(embedded.len()))
        .map(|line| {
            let (real, embedded) = (at(&real, line), at(&embedded, line));
            format!("  {mark} {real:WIDTH$} | {embedded}\n")
        })
        .collect()
}

#[test]
fn a_difference_is_shown_with_both_values() {
    let entry = |value: &str| Entry {
        title: "event 1".to_owned(),
        fields: vec![
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), value.to_owned()),
        ],
    };
    let text = recordings(&[entry("2")], &[entry("3")]);
    let line = |mark, real: &str, embedded| format!("  {mark} {real:WIDTH$} | {embedded}\n");
    assert_eq!(
        text,
        format!(
            "\nevent 1\n    {:WIDTH$} | embedded server\n{}{}",
            "real server",
            line(' ', "a = 1", "a = 1"),
            line('!', "b = 2", "b = 3"),
        )
    );
    assert_eq!(recordings(&[entry("2")], &[entry("2")]), "");
}
