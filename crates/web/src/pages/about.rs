//! `/room/{id}/about/`: what a room is about, its people and, for its moderators, everything that
//! looks after it.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use papo_app::{
    Ban, Error, Invitation, InvitationId, MEMBERS_SHOWN, Member, RoomAbout, RoomMember,
};
use papo_domain::{MemberRole, PersonId, Right, Role, RoomId, RoomKind};
use serde::Deserialize;

use super::new_room::RoomFields;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::form_errors::FormErrors;
use crate::language::{Key, Language};
use crate::link::{InviteLink, invite_link};
use crate::page::{Page, show, show_refused};
use crate::query;
use crate::site::Site;
use crate::visitor::InRoom;

const HOUR: Duration = Duration::from_hours(1);

#[derive(Template)]
#[template(path = "about.html")]
pub(crate) struct AboutPage {
    pub(crate) page: Page,
    pub(crate) about: RoomAbout,
    /// The reader.
    pub(crate) reader: PersonId,
    pub(crate) role: Role,
    pub(crate) form: RoomFields,
    pub(crate) view: View,
    /// The link that was just made.
    pub(crate) link: Option<InviteLink>,
    /// The valid invitations.
    pub(crate) links: Vec<LinkLine>,
    pub(crate) errors: FormErrors,
}

/// A valid invitation.
pub(crate) struct LinkLine {
    id: i64,
    /// For how long it is valid, and how often.
    validity: String,
}

/// What of the room is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct View {
    /// The beginning of a name.
    pub(crate) q: String,
    pub(crate) page: String,
    /// What was done.
    pub(crate) done: String,
    /// The secret of an invitation that was just made.
    pub(crate) invite: String,
}

/// What a form asks for. Each form has some of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChangeForm {
    act: String,
    person: String,
    name: String,
    description: String,
    kind: String,
    is_announcement: Option<String>,
    invitation: i64,
    hours: u64,
    uses: u32,
}

impl View {
    fn number(&self) -> usize {
        self.page.parse().unwrap_or(1).clamp(1, 100_000)
    }

    /// The address of a page of the people.
    fn url(&self, room: RoomId, page: usize) -> String {
        let page = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        let pairs = [("q", self.q.as_str()), ("page", &page)];
        format!("/room/{room}/about/{}", query::string(pairs))
    }

    /// The notice of what was done.
    fn notice(&self) -> Option<Key> {
        Some(Key(match self.done.as_str() {
            "saved" => "about-done-saved",
            "role" => "about-done-role",
            "removed" => "about-done-removed",
            "banned" => "about-done-banned",
            "lifted" => "about-done-lifted",
            "invited" => "about-done-invited",
            "ended" => "about-done-ended",
            "archived" => "about-done-archived",
            "reopened" => "about-done-reopened",
            _ => return None,
        }))
    }
}

impl AboutPage {
    fn may(&self, right: Right) -> bool {
        self.role.may(right, self.about.room.terms()).is_ok()
    }

    fn may_manage(&self) -> bool {
        self.may(Right::Manage)
    }

    fn may_moderate(&self) -> bool {
        self.may(Right::Moderate)
    }

    fn may_invite(&self) -> bool {
        self.may(Right::Invite)
    }

    fn is_direct(&self) -> bool {
        self.about.room.kind == RoomKind::Direct
    }

    fn has_previous(&self) -> bool {
        self.view.number() > 1
    }

    fn page_number(&self) -> String {
        self.page.number(self.view.number())
    }

    fn previous_url(&self) -> String {
        self.view.url(self.about.room.id, self.view.number() - 1)
    }

    fn next_url(&self) -> String {
        self.view.url(self.about.room.id, self.view.number() + 1)
    }

    fn is_moderator(&self, member: &RoomMember) -> bool {
        member.role == MemberRole::Moderator && !self.is_direct()
    }

    fn is_reader(&self, member: &RoomMember) -> bool {
        member.person == self.reader
    }

    fn banned_at(&self, ban: &Ban) -> String {
        self.page.ago(ban.at)
    }
}

impl LinkLine {
    fn new(invitation: &Invitation, remaining: Duration, language: Language) -> Self {
        let hours = remaining.as_secs() / 3_600;
        let time = if hours >= 48 {
            language.text_with("about-invite-days", [("count", (hours / 24).into())])
        } else {
            language.text_with("about-invite-hours", [("count", hours.max(1).into())])
        };
        let uses = invitation.uses_left;
        let uses = language.text_with("about-invite-uses", [("count", uses.into())]);
        Self {
            id: invitation.id.0,
            validity: format!("{time} · {uses}"),
        }
    }
}

/// `GET /room/{id}/about/`
pub(crate) async fn show_room(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    headers: HeaderMap,
    InRoom { room, visitor, .. }: InRoom,
    Query(view): Query<View>,
) -> Result<Response, Failure> {
    let member = match site.app.enter(visitor.as_ref(), room, caller.address).await {
        Err(Error::NoSession | Error::NotJoined) => {
            return Ok(Redirect::to(&format!("/room/{room}/join/")).into_response());
        }
        other => other?,
    };
    let mut made = about_page(&site, page, &member, view).await?;
    // Only the link of a valid invitation to this room is shown.
    if let Ok(invited) = site.app.invited_room(&made.view.invite).await
        && invited.room.id == room
        && made.may_invite()
    {
        let link = invite_link(&site, &caller, &headers, &made.view.invite);
        made.link = Some(link);
    }
    show(&made)
}

async fn about_page(
    site: &Site,
    page: Page,
    member: &Member,
    view: View,
) -> Result<AboutPage, Failure> {
    let offset = (view.number() - 1) * MEMBERS_SHOWN;
    let about = site.app.about(member, &view.q, offset).await?;
    let links = about
        .invitations
        .iter()
        .map(|invitation| LinkLine::new(invitation, site.app.remaining(invitation), page.language));
    let form = RoomFields {
        name: about.room.name.to_string(),
        description: about.room.description.to_string(),
        kind: about.room.kind.as_str().to_owned(),
        is_announcement: about.room.is_announcement.then(String::new),
    };
    Ok(AboutPage {
        links: links.collect(),
        page,
        reader: member.person(),
        role: member.role().into(),
        form,
        view,
        link: None,
        errors: FormErrors::default(),
        about,
    })
}

/// `POST /room/{id}/about/`
pub(crate) async fn change(
    State(site): State<Arc<Site>>,
    page: Page,
    caller: Caller,
    InRoom { room, visitor, .. }: InRoom,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Failure> {
    let member = site.app.enter(visitor.as_ref(), room, caller.address);
    let member = member.await?;
    match act(&site, &member, &form).await {
        Ok(done) => Ok(Redirect::to(&format!("/room/{room}/about/{done}")).into_response()),
        Err(error) => {
            let errors = FormErrors::explain(error.clone(), page.language)?;
            let mut shown = about_page(&site, page, &member, View::default()).await?;
            if form.act == "save" {
                shown.form = form.fields();
            }
            shown.errors = errors;
            show_refused(&error.into(), &shown)
        }
    }
}

impl ChangeForm {
    fn fields(self) -> RoomFields {
        RoomFields {
            name: self.name,
            description: self.description,
            kind: self.kind,
            is_announcement: self.is_announcement,
        }
    }

    fn person(&self) -> Result<PersonId, Error> {
        self.person.parse().map_err(|_| Error::NoMember)
    }
}

/// Does what a form asks for. Returns the query of the next page.
async fn act(site: &Site, member: &Member, form: &ChangeForm) -> Result<String, Error> {
    let app = &site.app;
    let done = match form.act.as_str() {
        "save" => {
            let active = app.own_room(member).await?.is_active;
            let fields = RoomFields {
                name: form.name.clone(),
                description: form.description.clone(),
                kind: form.kind.clone(),
                is_announcement: form.is_announcement.clone(),
            };
            app.manage_room(member, &fields.draft(active)).await?;
            "saved"
        }
        "archive" => {
            app.set_archived(member, true).await?;
            "archived"
        }
        "reopen" => {
            app.set_archived(member, false).await?;
            "reopened"
        }
        "promote" => {
            let role = MemberRole::Moderator;
            app.set_role(member, form.person()?, role).await?;
            "role"
        }
        "demote" => {
            let role = MemberRole::Member;
            app.set_role(member, form.person()?, role).await?;
            "role"
        }
        "remove" => {
            app.remove_member(member, form.person()?, false).await?;
            "removed"
        }
        "ban" => {
            app.remove_member(member, form.person()?, true).await?;
            "banned"
        }
        "lift" => {
            app.lift_ban(member, form.person()?).await?;
            "lifted"
        }
        "invite" => {
            let hours = u32::try_from(form.hours.clamp(1, 30 * 24)).unwrap_or(24);
            let token = app.invite(member, HOUR * hours, form.uses).await?;
            return Ok(query::string([("done", "invited"), ("invite", &token)]));
        }
        "end" => {
            app.end_invitation(member, InvitationId(form.invitation))
                .await?;
            "ended"
        }
        _ => return Err(Error::NoMember),
    };
    Ok(query::string([("done", done)]))
}

#[cfg(test)]
pub(crate) mod samples {
    use papo_domain::{Mark, Timestamp, Username};

    use super::*;
    use crate::sample_data::{HOSTILE, at, html, page, room};

    fn about(kind: RoomKind, at: Timestamp) -> RoomAbout {
        let marks = [None, Some(Mark::Account), Some(Mark::Administrator)];
        let members = (1..).zip(marks).map(|(number, mark)| RoomMember {
            person: PersonId(number),
            username: Username::from_stored(HOSTILE.to_owned()),
            mark,
            role: match number {
                1 => MemberRole::Moderator,
                _ => MemberRole::Member,
            },
            joined_at: at,
        });
        let ban = Ban {
            person: PersonId(9),
            username: Username::from_stored(HOSTILE.to_owned()),
            at,
        };
        RoomAbout {
            room: papo_domain::Room {
                kind,
                ..room(1, HOSTILE)
            },
            members: members.collect(),
            has_more: true,
            bans: vec![ban],
            invitations: Vec::new(),
        }
    }

    /// Renders the page in each of its forms.
    pub(crate) fn all(language: Language) -> Vec<String> {
        let at = at("2026-11-24T18:51:34.120Z");
        let shown = |role, kind, errors| {
            html(&AboutPage {
                page: page(language),
                about: about(kind, at),
                reader: PersonId(1),
                role,
                form: RoomFields {
                    name: HOSTILE.into(),
                    ..RoomFields::default()
                },
                view: View {
                    q: HOSTILE.into(),
                    page: "2".into(),
                    done: "saved".into(),
                    invite: String::new(),
                },
                link: Some(InviteLink::new("https://papo.example/invite/AAAA/".into())),
                links: vec![LinkLine {
                    id: 7,
                    validity: "30".into(),
                }],
                errors,
            })
        };
        let taken = FormErrors::explain(Error::RoomNameTaken, language).unwrap();
        vec![
            shown(Role::Moderator, RoomKind::Private, FormErrors::default()),
            shown(Role::Moderator, RoomKind::Public, taken),
            shown(Role::Member, RoomKind::Members, FormErrors::default()),
            shown(Role::Member, RoomKind::Direct, FormErrors::default()),
        ]
    }
}
