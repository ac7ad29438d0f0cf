//! The order path on the three nodes of the configuration that the Kubernetes values give, as its users.

use bus::server::Server;
use contract::permission::Held;
use serde_json::json;

use crate::deployment::{Cluster, Deployment, eventually, password};
use crate::{active, shared_out};

const STORES: u32 = 8;

/// Other passwords; digits alone, which a configuration without quotes would take for a number.
fn changed(user: &str) -> String {
    format!("{:08}", 4_711 + user.len())
}

/// Sends a round of orders, each until it is accepted.
async fn orders(deployment: &Deployment<Cluster>, round: &str) {
    for n in 0..5 * STORES {
        deployment.order(n % STORES + 1, &format!("{round}-{n}")).await;
    }
}

/// The node that leads a stream, counted from 0.
async fn leader(deployment: &Deployment<Cluster>, stream: &str) -> usize {
    let name = eventually("a leader", async || {
        let info = deployment.connection.js.get_stream(stream).await.map_err(|error| error.to_string())?;
        let cluster = info.cached_info().cluster.as_ref();
        cluster.and_then(|cluster| cluster.leader.clone()).ok_or_else(|| "none".to_owned())
    })
    .await;
    name.strip_prefix("nats-").unwrap().parse().unwrap()
}

/// Until everything that is kept has three copies, all of them complete.
async fn whole(deployment: &Deployment<Cluster>) {
    for held in Held::all() {
        eventually("all copies are complete", async || {
            let info = deployment.connection.js.get_stream(held.stream()).await.map_err(|error| error.to_string())?;
            let cluster = info.cached_info().cluster.clone().unwrap_or_default();
            let current = cluster.replicas.iter().filter(|peer| peer.current && !peer.offline).count();
            if info.cached_info().config.num_replicas == 3 && current == 2 {
                Ok(())
            } else {
                Err(format!("{cluster:?}"))
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_the_chart_is_killed_and_nothing_is_lost() {
    let mut deployment = Deployment::start_on_cluster(STORES).await;
    shared_out(&deployment).await;
    whole(&deployment).await;
    orders(&deployment, "before").await;
    // The worst one to lose.
    let node = leader(&deployment, "ORDERS").await;
    deployment.nats.nodes[node].kill().await.unwrap();
    orders(&deployment, "without").await;
    assert_ne!(leader(&deployment, "ORDERS").await, node, "another one leads");
    deployment.nats.nodes[node].restart().await.unwrap();
    whole(&deployment).await;
    orders(&deployment, "after").await;
    let verdict = deployment.injected(u64::from(3 * 5 * STORES)).await;
    assert!(verdict.is_clean(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_change_while_orders_wait_and_nothing_is_lost() {
    let mut deployment = Deployment::start_on_cluster(STORES).await;
    shared_out(&deployment).await;
    let pids: Vec<_> = deployment.nats.nodes.iter().map(Server::pid).collect();
    // Orders of one store are still waiting when nobody's password is right any more.
    deployment.fault(1, json!({"fault": "slow", "ms": 400})).await;
    orders(&deployment, "before").await;
    let old = deployment.connection.clone();
    deployment.rotate(changed);
    eventually("the old password is refused", async || {
        let refusal = old.last_refusal().borrow().clone();
        if !old.is_up() && refusal.is_some() { Ok(()) } else { Err(refusal) }
    })
    .await;
    deployment.connect().await;

    // What is told the new ones, as pods are whose Secret has changed: one after the other.
    for id in ["queue-resolver-1", "queue-resolver-2", "distribuidor-1", "distribuidor-2"] {
        deployment.signal(id, "KILL").await;
        deployment.service(id.rsplit_once('-').unwrap().0, id);
    }
    deployment.signal("api-domicilio", "KILL").await;
    deployment.api().await;
    orders(&deployment, "after").await;
    active(&deployment).await;
    let verdict = deployment.injected(u64::from(2 * 5 * STORES)).await;
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!(deployment.nats.nodes.iter().map(Server::pid).collect::<Vec<_>>(), pids, "no server was started anew");
    // Nodes know each other by the new one, too: one that comes back is let in.
    deployment.nats.nodes[0].kill().await.unwrap();
    deployment.nats.nodes[0].restart().await.unwrap();
    whole(&deployment).await;
    let logs = deployment.logs();
    assert!(!logs.contains(&password("api-domicilio")) && !logs.contains(&changed("api-domicilio")));
}
