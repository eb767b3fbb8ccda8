//! The PHC string of a hash: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;

/// Bytes of a salt (RFC 9106 section 3.1 recommends 16).
pub(crate) const SALT: usize = 16;
/// Bytes of a hash.
const OUTPUT: usize = 32;
/// The largest memory that a stored hash may ask for: 1 GiB, so that a forged row cannot stop a node.
const MEMORY_MOST: u32 = 1 << 20;
/// The most passes that a stored hash may ask for.
const PASSES_MOST: u32 = 64;

/// What a hash is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
}

/// All of a hash but the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    cost: Cost,
    salt: Vec<u8>,
    /// Bytes of the hash.
    length: usize,
}

/// A stored hash.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Phc {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// The memory of a thread, grown to the largest hash it has made.
#[derive(Default)]
pub(crate) struct Memory(Vec<Block>);

impl Recipe {
    /// For a password that is to be kept.
    pub(crate) fn new(salt: [u8; SALT], cost: Cost) -> Self {
        Self {
            cost,
            salt: salt.to_vec(),
            length: OUTPUT,
        }
    }

    /// Hashes a password; nothing for a cost that is none.
    pub(crate) fn hash(&self, password: &[u8], memory: &mut Memory) -> Option<Phc> {
        let mut hash = vec![0; self.length];
        fill(password, &self.salt, self.cost, &mut hash, memory)?;
        Some(Phc {
            cost: self.cost,
            salt: self.salt.clone(),
            hash,
        })
    }
}

impl Phc {
    /// How it was made.
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe {
            cost: self.cost,
            salt: self.salt.clone(),
            length: self.hash.len(),
        }
    }

    /// Whether it is the same hash. Takes as long for another one as for the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.hash, &other.hash).is_ok()
    }

    /// Reads a stored hash; nothing but what its `Display` writes, within bounds.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let cost = cost.strip_prefix("m=")?.strip_suffix(",p=1")?;
        let (memory_kib, passes) = cost.split_once(",t=")?;
        let cost = Cost {
            memory_kib: memory_kib.parse().ok()?,
            passes: passes.parse().ok()?,
        };
        let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok()?;
        let hash = BASE64_NOPAD.decode(hash.as_bytes()).ok()?;
        let is_sound = parts.next().is_none()
            && cost.memory_kib <= MEMORY_MOST
            && cost.passes <= PASSES_MOST
            && (8..=64).contains(&salt.len())
            && (16..=64).contains(&hash.len());
        is_sound.then_some(Self { cost, salt, hash })
    }
}

impl std::fmt::Display for Phc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cost { memory_kib, passes } = self.cost;
        let (salt, hash) = (
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.hash),
        );
        write!(
            f,
            "$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${hash}"
        )
    }
}

fn fill(
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    output: &mut [u8],
    memory: &mut Memory,
) -> Option<()> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(output.len())).ok()?;
    let blocks = params.block_count();
    if memory.0.len() < blocks {
        memory.0.resize(blocks, Block::default());
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let blocks = memory.0.get_mut(..blocks)?;
    argon2
        .hash_password_into_with_memory(password, salt, output, blocks)
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
    };

    /// From the test suite of the reference implementation (phc-winner-argon2, src/test.c).
    #[test]
    fn a_hash_of_the_reference_implementation_is_recognised() {
        let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let phc = Phc::parse(phc).unwrap();
        let of = |password| phc.recipe().hash(password, &mut Memory::default()).unwrap();
        assert!(phc.is(&of(b"password")));
        assert!(!phc.is(&of(b"Password")));
    }

    #[test]
    fn what_is_no_hash_of_ours_is_refused_without_a_panic() {
        let good = Recipe::new([1; SALT], CHEAP).hash(b"x", &mut Memory::default());
        let good = good.unwrap().to_string();
        assert!(Phc::parse(&good).is_some());
        for bad in [
            "",
            "$argon2id$",
            &good.replace("argon2id", "argon2i"),
            &good.replace("m=64", "m=99999999"),
            &good.replace("t=1", "t=9999"),
            &good.replace("p=1", "p=4"),
            &format!("{good}$more"),
            &good[..20],
        ] {
            assert_eq!(Phc::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_password_opens_its_own_hash_and_no_other(one in "\\PC{1,40}", two in "\\PC{1,40}") {
            let mut memory = Memory::default();
            let recipe = Recipe::new([7; SALT], CHEAP);
            let phc = recipe.hash(one.as_bytes(), &mut memory).unwrap();
            let phc = Phc::parse(&phc.to_string()).unwrap();
            prop_assert_eq!(&phc.recipe(), &recipe);
            let other = recipe.hash(two.as_bytes(), &mut memory).unwrap();
            prop_assert_eq!(phc.is(&other), one == two);
        }
    }
}
