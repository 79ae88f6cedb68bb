//! The errors that a form shows.

use papo_app::{Error, Guess, PASSWORD_CHARACTERS};
use papo_domain::{PlaceError, RoomDescriptionError, RoomNameError, UsernameError};

use crate::language::{Key, Language};
use crate::origin::Origin;

/// The error of a form, if there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FormErrors(Option<(Place, String)>);

/// Where a form shows its error, named as the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Username,
    Password,
    /// The password of before.
    Current,
    Name,
    Description,
    Welcome,
    Accent,
    FirstRooms,
    /// Above all fields.
    Form,
}

impl Place {
    /// The place of an error in the settings of the place.
    const fn of(error: PlaceError) -> Self {
        match error {
            PlaceError::NameTooLong | PlaceError::NameControl => Self::Name,
            PlaceError::WelcomeTooLong | PlaceError::WelcomeNul => Self::Welcome,
            PlaceError::Accent => Self::Accent,
            PlaceError::FirstRooms | PlaceError::ManyFirstRooms => Self::FirstRooms,
            PlaceError::SignUp | PlaceError::RoomMakers | PlaceError::Language => Self::Form,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Password => "password",
            Self::Current => "current",
            Self::Name => "name",
            Self::Description => "description",
            Self::Welcome => "welcome",
            Self::Accent => "accent",
            Self::FirstRooms => "first_rooms",
            Self::Form => "form",
        }
    }
}

impl FormErrors {
    /// The text for an error. An error that isn't about the form is returned.
    pub(crate) fn explain(error: Error, language: Language) -> Result<Self, Error> {
        let place = match &error {
            Error::Username(_)
            | Error::NameRegistered
            | Error::NameReserved
            | Error::AccountNameTaken => Place::Username,
            Error::WrongPassword => Place::Current,
            Error::PasswordLength | Error::PasswordGuess(_) => Place::Password,
            Error::RoomName(_) | Error::RoomNameTaken => Place::Name,
            Error::RoomDescription(_) => Place::Description,
            Error::Place(error) => Place::of(*error),
            Error::LastModerator
            | Error::DirectPeople
            | Error::NoPerson
            | Error::NoMember
            | Error::SignIn
            | Error::Suspended
            | Error::PlaceChanged
            | Error::LastAdministrator
            | Error::NoGuests
            | Error::RateLimited(_)
            | Error::Unavailable(_)
            | Error::Storage(_) => Place::Form,
            _ => return Err(error),
        };
        Ok(Self(Some((place, text(&error, language)))))
    }

    /// The browser keeps no cookies, or none for this address when people should use the public
    /// one.
    pub(crate) fn no_cookie(language: Language, public_url: Option<&Origin>) -> Self {
        let text = match public_url {
            Some(public) => {
                let address = [("address", public.to_string().into())];
                language.text_with("error-no-cookie-here", address)
            }
            None => language.text("error-no-cookie").into_owned(),
        };
        Self(Some((Place::Form, text)))
    }

    /// The browser doesn't keep the cookie of the language.
    pub(crate) fn no_language_cookie(language: Language) -> Self {
        let text = language.text("error-no-language-cookie").into_owned();
        Self(Some((Place::Form, text)))
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The error that belongs to an input.
    pub(crate) fn at(&self, input: &str) -> Option<&str> {
        self.0
            .as_ref()
            .filter(|(place, _)| place.as_str() == input)
            .map(|(_, text)| text.as_str())
    }
}

fn text(error: &Error, language: Language) -> String {
    match error {
        Error::Username(UsernameError::Character(character)) => {
            let code = format!("U+{:04X}", u32::from(*character));
            language.text_with("error-username-character", [("code", code.into())])
        }
        Error::PasswordLength => {
            let (least, most) = (*PASSWORD_CHARACTERS.start(), *PASSWORD_CHARACTERS.end());
            language.text_with(
                "error-password-length",
                [("least", least.into()), ("most", most.into())],
            )
        }
        Error::RateLimited(after) => rate_limited(after.as_secs(), language),
        other => language.text(key(other).0).into_owned(),
    }
}

/// The text that says when to try again.
pub(crate) fn rate_limited(seconds: u64, language: Language) -> String {
    language.text_with("error-rate-limited", [("seconds", seconds.max(1).into())])
}

const fn key(error: &Error) -> Key {
    match error {
        Error::Username(UsernameError::TooLong) => Key("error-username-long"),
        Error::Username(UsernameError::Marks) => Key("error-username-marks"),
        Error::Username(_) => Key("error-username-blank"),
        Error::NameRegistered => Key("error-username-registered"),
        Error::NameReserved => Key("error-username-reserved"),
        Error::AccountNameTaken => Key("error-account-taken"),
        Error::PasswordGuess(Guess::Name) => Key("error-password-name"),
        Error::PasswordGuess(Guess::Common) => Key("error-password-common"),
        Error::PasswordGuess(Guess::Pattern) => Key("error-password-pattern"),
        Error::PasswordGuess(Guess::Words) => Key("error-password-words"),
        Error::RoomName(RoomNameError::Blank) => Key("error-room-name-blank"),
        Error::RoomName(RoomNameError::TooLong) => Key("error-room-name-long"),
        Error::RoomName(RoomNameError::Control) => Key("error-room-name-control"),
        Error::RoomNameTaken => Key("error-room-name-taken"),
        Error::RoomDescription(RoomDescriptionError::TooLong) => Key("error-description-long"),
        Error::RoomDescription(RoomDescriptionError::Nul) => Key("error-description-character"),
        Error::WrongPassword => Key("error-password-wrong"),
        Error::LastModerator => Key("error-last-moderator"),
        Error::DirectPeople => Key("error-direct-people"),
        Error::NoPerson => Key("error-no-person"),
        Error::NoMember => Key("error-no-member"),
        Error::Suspended => Key("error-account-suspended"),
        Error::Place(PlaceError::NameTooLong) => Key("error-place-name-long"),
        Error::Place(PlaceError::NameControl) => Key("error-place-name-control"),
        Error::Place(PlaceError::WelcomeTooLong) => Key("error-welcome-long"),
        Error::Place(PlaceError::WelcomeNul) => Key("error-welcome-character"),
        Error::Place(PlaceError::Accent) => Key("error-accent"),
        Error::Place(PlaceError::FirstRooms) => Key("error-first-rooms"),
        Error::Place(PlaceError::ManyFirstRooms) => Key("error-first-rooms-many"),
        Error::Place(PlaceError::SignUp | PlaceError::RoomMakers | PlaceError::Language) => {
            Key("error-choice")
        }
        Error::PlaceChanged => Key("error-place-changed"),
        Error::LastAdministrator => Key("error-last-administrator"),
        Error::NoGuests => Key("error-no-guests"),
        Error::Unavailable(_) | Error::Storage(_) => Key("error-unavailable"),
        _ => Key("error-sign-in"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_form_that_cannot_be_saved_now_says_so() {
        for language in Language::ALL {
            let errors = FormErrors::explain(Error::Unavailable(Duration::from_secs(2)), language);
            let expected = language.text("error-unavailable").into_owned();
            assert_eq!(errors.unwrap().at("form"), Some(expected.as_str()));
        }
    }
}
