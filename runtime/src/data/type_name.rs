//! Names of Rust types, as people say them.

/// The name of `T` without module paths: `Vec<String>`.
pub(crate) fn short<T: ?Sized>() -> String {
    without_paths(std::any::type_name::<T>())
}

/// The name of `T` without module paths and without parameters: what a failure calls its type.
pub(crate) fn bare<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let path = full.split('<').next().unwrap_or(full);
    path.rsplit("::").next().unwrap_or(path)
}

fn without_paths(full: &str) -> String {
    let mut short = String::with_capacity(full.len());
    let mut segment = 0;
    let mut rest = full;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("::") {
            short.truncate(segment);
            rest = after;
            continue;
        }
        short.push(c);
        if !(c.is_alphanumeric() || c == '_') {
            segment = short.len();
        }
        rest = &rest[c.len_utf8()..];
    }
    short
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn parameters_lose_their_paths_too() {
        assert_eq!(
            crate::data::type_name::short::<Option<BTreeMap<String, Vec<u8>>>>(),
            "Option<BTreeMap<String, Vec<u8>>>"
        );
        assert_eq!(
            crate::data::type_name::short::<&'static [std::fmt::Error]>(),
            "&[Error]"
        );
        assert_eq!(
            crate::data::type_name::short::<(u8, String)>(),
            "(u8, String)"
        );
    }

    #[test]
    fn a_failure_type_has_no_parameters() {
        assert_eq!(
            crate::data::type_name::bare::<Option<std::collections::VecDeque<String>>>(),
            "Option"
        );
    }
}
