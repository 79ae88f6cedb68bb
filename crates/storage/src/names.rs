//! The rule for names, the same for every database.

use papo_domain::{AccountId, Likeness};

use crate::JoinRefusal;

/// The account of the session that joins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) is_admin: bool,
}

/// Refuses a name that could be mistaken for an account in `holders` other than the owner's, or for
/// a role. An administrator may use a role's name, and each account its own.
pub(crate) fn check(
    likeness: &Likeness,
    owner: Option<Owner>,
    holders: &[AccountId],
) -> Result<(), JoinRefusal> {
    let own = owner.map(|owner| owner.account);
    if holders.iter().any(|holder| Some(*holder) != own) {
        return Err(JoinRefusal::NameRegistered);
    }
    let may_have_role = owner.is_some_and(|owner| owner.is_admin) || !holders.is_empty();
    if likeness.is_role() && !may_have_role {
        return Err(JoinRefusal::NameReserved);
    }
    Ok(())
}
