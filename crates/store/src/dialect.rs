//! The few words in which SQLite and PostgreSQL differ. Nothing else branches on the engine.

/// Which engine a connection speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

impl Dialect {
    /// The engine of a database URL.
    pub(crate) fn of(url: &str) -> Option<Self> {
        if url.starts_with("sqlite:") {
            Some(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Some(Self::Postgres)
        } else {
            None
        }
    }

    /// How a transaction that writes begins. SQLite must take the write lock at once: two
    /// transactions that both read and then write fail otherwise, instead of waiting.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    /// A migration in the words of the engine: PostgreSQL compares texts by the database's locale
    /// unless a column says otherwise, SQLite bytewise, and so does every key and order of ours. A line
    /// behind `-- postgres: ` is PostgreSQL's alone, one behind `-- sqlite: ` SQLite's.
    pub(crate) fn render_schema(self, text: &str) -> String {
        let own = match self {
            Self::Sqlite => "-- sqlite: ",
            Self::Postgres => "-- postgres: ",
        };
        let unmarked = |line| str::strip_prefix(line, own).unwrap_or(line);
        match self {
            Self::Sqlite => text.split_inclusive('\n').map(unmarked).collect(),
            Self::Postgres => text
                .lines()
                .map(unmarked)
                .map(with_bytewise_texts)
                .collect(),
        }
    }

    /// Replaces the placeholders of a statement.
    pub(crate) fn render(self, text: &str) -> String {
        let (rows_open, rows_close, now, has_trigrams, [for_update, skip_locked]) = match self {
            Self::Sqlite => (
                "json_each(",
                ") as rows",
                "cast(unixepoch('subsec') * 1000000 as integer)",
                "0",
                [""; 2],
            ),
            Self::Postgres => (
                // As text first: that is what is bound, and what a statement is prepared for.
                "jsonb_array_elements(cast(cast(",
                " as text) as jsonb)) as rows(value)",
                "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
                "cast(1 as bigint)",
                ["for update", "for update skip locked"],
            ),
        };
        let text = text
            .replace("now_micros()", now)
            .replace("has_trigrams()", has_trigrams)
            .replace("for_update", for_update)
            .replace("skip_locked", skip_locked);
        let text = with_calls(&text, "rows(", |parameter| {
            format!("{rows_open}{parameter}{rows_close}")
        });
        let text = with_calls(&text, "for_key_share(", |table| match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!("for key share of {table}"),
        });
        let text = with_calls(&text, "indexed_by(", |index| match self {
            Self::Sqlite => format!("indexed by {index}"),
            Self::Postgres => String::new(),
        });
        with_calls(&text, "may_contain(", |arguments| {
            let (text, column) = arguments.split_once(", ").unwrap_or((arguments, "''"));
            match self {
                // Its `like` is the faster.
                Self::Sqlite => format!("cast({text} as text) is not null"),
                Self::Postgres => format!("strpos({column}, cast({text} as text)) > 0"),
            }
        })
    }
}

/// Replaces what `open` begins and the next parenthesis ends: parameters and columns have none.
fn with_calls(text: &str, open: &str, call: impl Fn(&str) -> String) -> String {
    let mut rendered = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        rendered.push_str(before);
        let (arguments, after) = after.split_once(')').unwrap_or((after, ""));
        rendered.push_str(&call(arguments));
        rest = after;
    }
    rendered.push_str(rest);
    rendered
}

/// A line of a schema whose columns of type `text` are compared bytewise; its comment stays.
fn with_bytewise_texts(line: &str) -> String {
    let (code, comment) = line.find("--").map_or((line, ""), |at| line.split_at(at));
    let words = code.split_inclusive([' ', ',', ';']);
    let mut rendered: String = words
        .map(|word| match word.strip_prefix("text") {
            Some(end @ ("" | " " | "," | ";")) => format!("text collate \"C\"{end}"),
            _ => word.to_owned(),
        })
        .collect();
    rendered.push_str(comment);
    rendered.push('\n');
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_bytewise_on_both_engines() {
        let text =
            "create table t (\n    a text   not null, -- a text\n    text_b text,\n    c text\n);";
        assert_eq!(Dialect::Sqlite.render_schema(text), text);
        assert_eq!(
            Dialect::Postgres.render_schema(text),
            "create table t (\n    a text collate \"C\"   not null, -- a text\n    \
             text_b text collate \"C\",\n    c text collate \"C\"\n);\n"
        );
    }

    #[test]
    fn a_line_for_an_engine_is_a_comment_elsewhere() {
        let text = "-- Room.\n-- postgres: alter table t set (fillfactor = 45);\n\
            -- sqlite: drop index i;\n";
        assert_eq!(
            Dialect::Sqlite.render_schema(text),
            "-- Room.\n-- postgres: alter table t set (fillfactor = 45);\ndrop index i;\n"
        );
        assert_eq!(
            Dialect::Postgres.render_schema(text),
            "-- Room.\nalter table t set (fillfactor = 45);\n-- sqlite: drop index i;\n"
        );
    }

    #[test]
    fn placeholders_become_the_words_of_the_engine() {
        let text = "select rows.value ->> 'id' from rows($1) where due <= now_micros() for_update";
        assert_eq!(
            Dialect::Sqlite.render(text),
            "select rows.value ->> 'id' from json_each($1) as rows where due <= \
             cast(unixepoch('subsec') * 1000000 as integer) "
        );
        assert_eq!(
            Dialect::Postgres.render(text),
            "select rows.value ->> 'id' from jsonb_array_elements(cast(cast($1 as text) as jsonb)) \
             as rows(value) where due <= cast(extract(epoch from clock_timestamp()) * 1000000 as bigint) for update"
        );
        let text = "select id from t for_key_share(t)";
        assert_eq!(Dialect::Sqlite.render(text), "select id from t ");
        assert_eq!(
            Dialect::Postgres.render(text),
            "select id from t for key share of t"
        );
        let text = "select id from t indexed_by(t_by_name)";
        assert_eq!(
            Dialect::Sqlite.render(text),
            "select id from t indexed by t_by_name"
        );
        assert_eq!(Dialect::Postgres.render(text), "select id from t ");
        let text = "select has_trigrams() as is_indexed";
        assert_eq!(Dialect::Sqlite.render(text), "select 0 as is_indexed");
        assert_eq!(
            Dialect::Postgres.render(text),
            "select cast(1 as bigint) as is_indexed"
        );
        let text = "where may_contain($2, t.name) and t.name like $3";
        assert_eq!(
            Dialect::Sqlite.render(text),
            "where cast($2 as text) is not null and t.name like $3"
        );
        assert_eq!(
            Dialect::Postgres.render(text),
            "where strpos(t.name, cast($2 as text)) > 0 and t.name like $3"
        );
    }
}
