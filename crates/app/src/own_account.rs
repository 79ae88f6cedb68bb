//! What people change about themselves: name, settings, devices, password.

use std::net::IpAddr;

use papo_domain::{AccountName, DeviceText, PersonSettings, SessionId};
use papo_storage::{AccountRefusal, AccountSession};

use crate::{Action, App, Error, Visitor};

impl Visitor {
    /// What the person has set.
    pub fn settings(&self) -> &PersonSettings {
        &self.session.settings
    }

    /// The session on this device.
    pub fn session(&self) -> SessionId {
        self.session.id
    }

    /// What this device is, as far as that was noted.
    pub fn device(&self) -> &DeviceText {
        &self.session.device
    }
}

impl App {
    /// Sets what the visitor wants on all their devices.
    pub async fn set_settings(
        &self,
        visitor: &Visitor,
        settings: PersonSettings,
        address: IpAddr,
    ) -> Result<(), Error> {
        self.may_change_account(visitor, address)?;
        let is_set = self.storage.set_settings(visitor.session.id, settings);
        if is_set.await? {
            Ok(())
        } else {
            Err(Error::NoSession)
        }
    }

    /// Gives the visitor's account another name, also in the rooms where they had the name before.
    pub async fn rename_account(
        &self,
        visitor: &Visitor,
        name: &str,
        address: IpAddr,
    ) -> Result<(), Error> {
        let name = AccountName::parse(name)?;
        self.may_change_account(visitor, address)?;
        let renamed = self.storage.rename_account(visitor.session.id, name);
        renamed.await?.map_err(|refusal| match refusal {
            AccountRefusal::NameTaken => Error::AccountNameTaken,
            AccountRefusal::NameReserved => Error::NameReserved,
            AccountRefusal::Denied(_)
            | AccountRefusal::NoAccount
            | AccountRefusal::LastAdministrator => Error::NoSession,
        })?;
        self.tell_of_revocations();
        Ok(())
    }

    /// Notes what the visitor's device is, once. A failure only leaves it out of their list.
    pub async fn note_device(&self, visitor: &Visitor, device: DeviceText) {
        let noted = self.storage.note_device(visitor.session.id, device).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "can't note what a device is");
        }
    }

    /// The visitor's devices, the latest first.
    pub async fn devices(&self, visitor: &Visitor) -> Result<Vec<AccountSession>, Error> {
        Ok(self.storage.devices(visitor.session.id).await?)
    }

    /// Ends the session on another device of the visitor, on its open connections too. A device
    /// that has ended already stays so.
    pub async fn end_device(&self, visitor: &Visitor, device: SessionId) -> Result<(), Error> {
        let (session, person) = (visitor.session.id, visitor.person());
        if self.storage.end_device(session, device).await? {
            self.hub.end_session(person, device);
            self.tell_changed();
        }
        Ok(())
    }

    /// Ends the sessions on all other devices of the visitor. Returns how many.
    pub async fn end_other_devices(&self, visitor: &Visitor) -> Result<usize, Error> {
        let ended = self.storage.end_other_devices(visitor.session.id).await?;
        Ok(self.end_sessions_of(visitor, &ended))
    }

    /// Ends these stored sessions of the visitor on open connections. Returns how many.
    pub(crate) fn end_sessions_of(&self, visitor: &Visitor, ended: &[SessionId]) -> usize {
        for session in ended {
            self.hub.end_session(visitor.person(), *session);
        }
        self.tell_changed();
        ended.len()
    }

    /// Makes all nodes read the revocations that a change has added.
    pub(crate) fn tell_of_revocations(&self) {
        self.bells.revocations.notify_one();
        self.tell_changed();
    }

    fn may_change_account(&self, visitor: &Visitor, address: IpAddr) -> Result<(), Error> {
        let person = Some(visitor.person());
        self.rate_limits
            .check(Action::Account, person, Some(address), None)
    }
}
