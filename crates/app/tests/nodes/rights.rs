//! What becomes of rights when a node is answered late.

use papo_domain::Username;

use crate::faulty::Fault;
use crate::world::{Guest, LIMIT, Way, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_joined_again_on_a_socket_stays_though_the_leaving_is_told_late() {
    let world = World::new(Way::Nothing).await;
    let ana = Guest::join(&world.a, world.room, "Ana").await;
    let mut socket = ana.follow(&world.a).await;
    world.at_a.fail(Fault::Late("leave"));
    let rejoin = async {
        world.at_a.late().await;
        ana.join_as(&world.a, "Ana").await;
        socket.subscribe_again().await;
        world.at_a.fail(Fault::Nothing);
    };
    tokio::join!(ana.leave(&world.a), rejoin);
    let name = Username::parse("Ana").unwrap();
    assert_eq!(socket.changed(LIMIT).await, Some(name));
    drop(socket);
    world.stop().await;
}
