//! The rule for names, the same for every database.

use papo_domain::{Account, AccountId, Likeness};

use crate::{AccountRefusal, JoinRefusal};

/// The account of the session that joins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) is_admin: bool,
}

impl From<&Account> for Owner {
    fn from(account: &Account) -> Self {
        Self {
            account: account.id,
            is_admin: account.is_admin,
        }
    }
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

/// The same rule for an account's other name.
pub(crate) fn check_account(
    likeness: &Likeness,
    owner: Owner,
    holders: &[AccountId],
) -> Result<(), AccountRefusal> {
    check(likeness, Some(owner), holders).map_err(|refusal| match refusal {
        JoinRefusal::NameReserved => AccountRefusal::NameReserved,
        _ => AccountRefusal::NameTaken,
    })
}
