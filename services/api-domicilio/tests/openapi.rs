//! The published interface and the routes are the same, in both directions.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use api_domicilio::http::{ANYWHERE, ROUTES, Route};
use api_domicilio::keys::Scope;
use api_domicilio::payload::FaultCode;
use api_domicilio::reply::ReplyCode;
use api_domicilio::stores;
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::from_str(include_str!("../openapi.json")).expect("the document is JSON")
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in ["get", "put", "post", "delete", "patch", "head", "options"] {
            if let Some(operation) = item.get(method) {
                all.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    all
}

fn words<'a>(list: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    list.into_iter().map(|word| word.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn every_route_is_published_and_every_published_operation_is_a_route() {
    let document = document();
    let published: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let routed: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(published, routed);
    assert_eq!(routed.len(), ROUTES.len(), "no route stands twice");
}

#[test]
fn every_answer_of_a_route_is_published_and_no_other() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let route: &Route = ROUTES.iter().find(|route| route.method == method && route.path == path).expect("a route");
        let responses = operation["responses"].as_object().expect("responses");
        let published: Vec<u16> = responses.keys().map(|status| status.parse().expect("a status")).collect();
        assert_eq!(published, route.statuses(), "{method} {path}");

        let mut published = BTreeSet::new();
        for (status, response) in responses {
            for code in response["x-codes"].as_array().into_iter().flatten() {
                let code = code.as_str().expect("a code");
                let known =
                    ReplyCode::ALL.into_iter().find(|known| known.as_str() == code).expect("a code that exists");
                assert_eq!(known.status().to_string(), *status, "{method} {path}: {code}");
                published.insert(code.to_owned());
            }
            let documented = route.documents.iter().any(|document| document.to_string() == *status);
            assert!(documented || response.get("x-codes").is_some(), "{method} {path}: {status} names no code");
            let repeats = (status == "503" && !documented) || status == "429";
            assert_eq!(repeats, response["headers"].get("Retry-After").is_some(), "{method} {path}: {status}");
            let challenges = ["401", "403"].contains(&status.as_str());
            assert_eq!(challenges, response["headers"].get("WWW-Authenticate").is_some(), "{method} {path}: {status}");
        }
        let answered: BTreeSet<_> = route.answers().map(|code| code.as_str().to_owned()).collect();
        assert_eq!(published, answered, "{method} {path}");
    }
}

#[test]
fn every_scope_is_published_where_it_is_needed() {
    let document = document();
    let mut used = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let route: &Route = ROUTES.iter().find(|route| route.method == method && route.path == path).expect("a route");
        let expected = match route.scope {
            None => Value::Null,
            // Open unless the instance is set otherwise.
            Some(scope @ Scope::Operations) => json!([{}, {"token": [scope.as_str()]}]),
            Some(scope) => json!([{"token": [scope.as_str()]}]),
        };
        assert_eq!(operation["security"], expected, "{method} {path}");
        used.extend(route.scope.map(Scope::as_str));
    }
    assert_eq!(used, Scope::ALL.map(Scope::as_str).into());
}

#[test]
fn every_code_is_published_and_used() {
    let document = document();
    let published =
        words(document["components"]["schemas"]["Reply"]["properties"]["code"]["enum"].as_array().expect("codes"));
    assert_eq!(published, ReplyCode::ALL.map(|code| code.as_str().to_owned()).into());
    let used: BTreeSet<_> =
        ROUTES.iter().flat_map(Route::answers).chain(ANYWHERE.iter().copied()).map(ReplyCode::as_str).collect();
    assert_eq!(used, ReplyCode::ALL.map(ReplyCode::as_str).into());

    let published =
        words(document["components"]["schemas"]["Fault"]["properties"]["code"]["enum"].as_array().expect("codes"));
    let mut codes: BTreeSet<String> = FaultCode::ALL.map(|code| code.as_str().to_owned()).into();
    codes.extend(stores::FAULT_CODES.map(str::to_owned));
    // Only over the bus: the header that names the format.
    codes.insert("format_missing".to_owned());
    assert_eq!(published, codes);
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_used() {
    fn references(node: &Value, all: &mut BTreeSet<String>) {
        match node {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    all.insert(reference.to_owned());
                }
                fields.values().for_each(|field| references(field, all));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, all)),
            _ => {}
        }
    }
    let document = document();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let mut parts = BTreeSet::new();
    for (kind, named) in document["components"].as_object().expect("components") {
        if kind == "securitySchemes" {
            // Named by requirements, not by references.
            continue;
        }
        parts.extend(named.as_object().expect("names").keys().map(|name| format!("#/components/{kind}/{name}")));
    }
    assert_eq!(used, parts);
    let ids: Vec<_> =
        operations(&document).iter().map(|(_, _, operation)| operation["operationId"].to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "operation ids are unique");
}

#[test]
fn the_limits_told_are_the_limits_held() {
    assert_eq!(api_domicilio::http::ORDER_BYTES_MAX, 512 * 1_024);
    assert!(document()["paths"]["/api/restApp/pedidoApp"]["post"]["description"].to_string().contains("512 KiB"));
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}
