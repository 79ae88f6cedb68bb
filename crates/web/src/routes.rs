//! Every route, on one page.

use std::sync::Arc;

use axum::Router;
use axum::extract::OriginalUri;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;

use crate::failure::{Failure, as_json};
use crate::site::Site;
use crate::{admin, assets, middleware, pages, ws};

/// All routes, with the layers around them.
pub(crate) fn router(site: &Arc<Site>) -> Router {
    let large = |methods: MethodRouter<Arc<Site>>| {
        methods.layer(from_fn_with_state(Arc::clone(site), middleware::want_space))
    };
    let routes = Router::new()
        .page("/", get(pages::rooms::list))
        .page(
            "/rooms/new/",
            get(pages::new_room::show_form).post(pages::new_room::create),
        )
        .page(
            "/room/{id}/about/",
            get(pages::about::show_room).post(pages::about::change),
        )
        .page(
            "/invite/{token}/",
            get(pages::invite::show_form).post(pages::invite::accept),
        )
        .page(
            "/direct/",
            get(pages::direct::show_form).post(pages::direct::start),
        )
        .page(
            "/room/{id}/join/",
            get(pages::join::show_form).post(pages::join::join),
        )
        .page("/room/{id}/", large(get(pages::chat::show_chat)))
        .page(
            "/room/{id}/messages/",
            large(get(pages::messages::older)).layer(map_response(as_json)),
        )
        .page("/leave/", get(pages::leave::ask).post(pages::leave::leave))
        .page(
            "/language/",
            get(pages::language::check).post(pages::language::choose),
        )
        .page("/admin/", get(admin::front))
        .page("/admin/login/", get(pages::sign_in::show_elsewhere))
        .page(
            "/admin/setup/{token}/",
            get(admin::setup::show_form).post(admin::setup::claim),
        )
        .page(
            "/admin/settings/",
            get(admin::settings::show_form).post(admin::settings::save),
        )
        .page("/admin/people/", get(admin::people::list))
        .page(
            "/admin/people/{id}/",
            get(admin::person::show_person).post(admin::person::change),
        )
        .page("/admin/audit/", get(admin::audit::list))
        .page("/admin/audit/export/", get(admin::audit_export::export))
        .page("/admin/rooms/", get(admin::rooms::list))
        .page(
            "/admin/rooms/new/",
            get(admin::room_form::new).post(admin::room_form::create),
        )
        .page(
            "/admin/rooms/{id}/",
            get(admin::room_form::edit).post(admin::room_form::save),
        )
        .page("/admin/rooms/{id}/state/", post(admin::rooms::set_state))
        .page("/admin/rooms/{id}/enter/", post(admin::rooms::enter))
        .page(
            "/admin/messages/",
            large(get(admin::messages::list)).post(admin::messages::delete),
        )
        .merge(accounts())
        .route("/ws/chat/{id}/", get(ws::chat))
        .route("/ws/", get(ws::rooms))
        .route("/static/{file}", get(assets::show))
        .route("/accent/{file}", get(pages::accent::show))
        .route("/static/{version}/{file}", get(assets::show_version))
        .route("/favicon.ico", get(assets::icon))
        .route("/robots.txt", get(pages::service::robots))
        .route("/healthz", get(pages::service::health))
        .route("/readyz", get(pages::service::ready))
        .route("/metrics", get(pages::service::metrics))
        .fallback(|| async { Failure::NotFound })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED });
    middleware::surround(routes, site).with_state(Arc::clone(site))
}

/// Signing in and up, and what people change about themselves.
fn accounts() -> Router<Arc<Site>> {
    Router::new()
        .page(
            "/login/",
            get(pages::sign_in::show_form).post(pages::sign_in::sign_in),
        )
        .page("/logout/", post(pages::sign_in::sign_out))
        .page(
            "/signup/",
            get(pages::sign_up::show_form).post(pages::sign_up::sign_up),
        )
        .page(
            "/account/",
            get(pages::account::settings::show_form).post(pages::account::settings::save),
        )
        .page(
            "/account/name/",
            get(pages::account::name::show_form).post(pages::account::name::save),
        )
        .page(
            "/account/password/",
            get(pages::account::password::show_form).post(pages::account::password::save),
        )
        .page(
            "/account/devices/",
            get(pages::account::devices::list).post(pages::account::devices::end),
        )
        .page(
            "/account/devices/add/",
            get(pages::account::offers::begin).post(pages::account::offers::make),
        )
        .page(
            "/account/devices/add/{offer}/",
            get(pages::account::offers::show_own).post(pages::account::offers::answer),
        )
        .page(
            "/device/{offer}/",
            get(pages::account::offers::show_device).post(pages::account::offers::take),
        )
        .page(
            "/account/delete/",
            get(pages::account::delete::show_form).post(pages::account::delete::delete),
        )
        .page(
            "/password/{link}/",
            get(pages::account::password::show_link).post(pages::account::password::claim_link),
        )
}

trait Pages {
    /// A page, whose path ends with a slash. Without the slash it redirects.
    fn page(self, path: &'static str, methods: MethodRouter<Arc<Site>>) -> Self;
}

impl Pages for Router<Arc<Site>> {
    fn page(self, path: &'static str, methods: MethodRouter<Arc<Site>>) -> Self {
        let routes = self.route(path, methods);
        match path.trim_end_matches('/') {
            "" => routes,
            short => routes.route(short, get(add_slash)),
        }
    }
}

async fn add_slash(OriginalUri(asked): OriginalUri) -> Response {
    let query = asked
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    Redirect::permanent(&format!("{}/{query}", asked.path())).into_response()
}
