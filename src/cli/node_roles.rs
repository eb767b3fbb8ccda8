//! `--role ROLE`, for every command that is about a node.

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser},
};

use crate::roles::{Role, Roles};

/// What the node is.
#[derive(Debug, Args)]
pub(super) struct NodeRoles {
    /// What the node runs; may be given several times [default: all].
    #[arg(long = "role", value_name = "ROLE", value_parser = names())]
    names: Vec<String>,
}

impl NodeRoles {
    /// The roles that were named.
    pub(super) fn get(&self) -> Roles {
        Roles::named(self.names.iter().map(String::as_str))
    }
}

fn names() -> PossibleValuesParser {
    let all = PossibleValue::new(Roles::ALL_NAME).help("every role, in one process");
    let each = Role::ALL
        .into_iter()
        .map(|role| PossibleValue::new(role.name()).help(role.purpose()));
    PossibleValuesParser::new(std::iter::once(all).chain(each))
}
