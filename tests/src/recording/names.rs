//! Names in place of ids that differ in each recording.

/// The ids that were found in a recording, and those that its scenario chose.
#[derive(Default)]
pub(super) struct Names {
    /// An id, and its name in the text.
    known: Vec<(String, String)>,
}

impl Names {
    /// Names an id that the scenario chose.
    pub(super) fn add(&mut self, id: &str, name: &str) {
        self.known.push((id.to_owned(), name.to_owned()));
        // An id that contains another one is replaced first.
        self.known.sort_by_key(|(id, _)| usize::MAX - id.len());
    }

    /// The text with all ids replaced by their names. A UUID that has none yet is named after the place where it
    /// stands: equal names in two recordings mean that the same ids are equal in both.
    pub(super) fn replaced(&mut self, text: &str, place: &str) -> String {
        let mut text = text.to_owned();
        while let Some(uuid) = uuid(&text) {
            let uuid = uuid.to_owned();
            if !self.known.iter().any(|(id, _)| *id == uuid) {
                let others = self.known.iter().filter(|(_, name)| name.contains(place));
                let name = match others.count() {
                    0 => format!("<id of {place}>"),
                    others => format!("<id {} of {place}>", others + 1),
                };
                self.known.push((uuid.clone(), name));
            }
            let (_, name) = self
                .known
                .iter()
                .find(|(id, _)| *id == uuid)
                .expect("it was added if it was missing");
            text = text.replace(&uuid, name);
        }
        for (id, name) in &self.known {
            text = text.replace(id, name);
        }
        text
    }
}

/// The first UUID in a text.
pub(super) fn uuid(text: &str) -> Option<&str> {
    const LEN: usize = 36;
    let is_uuid = |text: &str| {
        text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let last = text.len().checked_sub(LEN)?;
    (0..=last)
        .filter_map(|at| text.get(at..at + LEN))
        .find(|text| is_uuid(text))
}

#[test]
fn ids_have_the_name_of_their_first_place() {
    let mut names = Names::default();
    names.add("order-7", "order");
    names.add("order-7-queue", "queue");
    let first = "0199b6f4-6e5b-7c0e-8f0a-2d1b3c4d5e6f";
    let second = "0199b702-11a0-7f60-9b7e-5e0b7f7f5c11";
    let text = format!("{first}/order-7-queue, {second} of order-7");
    assert_eq!(
        names.replaced(&text, "a"),
        "<id of a>/queue, <id 2 of a> of order"
    );
    assert_eq!(names.replaced(second, "b"), "<id 2 of a>");
}
