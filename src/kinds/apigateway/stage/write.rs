//! The patch from a live stage to the wanted one.

use aws_sdk_apigateway::types::Op;

use super::spec::Spec;
use crate::kinds::apigateway::Patch;
use crate::kinds::apigateway::method_settings::{MethodSettings, key};

pub(super) fn patch(from: &Spec, to: &Spec) -> Patch {
    let mut patch = Patch::default();
    patch.set("/deploymentId", Some(&from.deployment_id), Some(&to.deployment_id));
    patch.set("/description", from.description.as_ref(), to.description.as_ref());
    patch.set("/tracingEnabled", from.tracing.as_ref(), to.tracing.as_ref());
    let logs = [from, to].map(|spec| spec.access_log.as_ref());
    let places = logs.map(|log| log.map(|log| &log.destination_arn));
    patch.set("/accessLogSettings/destinationArn", places[0], places[1]);
    let formats = logs.map(|log| log.map(|log| &log.format));
    patch.set("/accessLogSettings/format", formats[0], formats[1]);
    patch.set("/cacheClusterEnabled", from.cache_cluster_enabled.as_ref(), to.cache_cluster_enabled.as_ref());
    patch.set_enum("/cacheClusterSize", from.cache_cluster_size.as_ref(), to.cache_cluster_size.as_ref());
    patch_variables(&mut patch, from, to);
    of_all(from).patch(&of_all(to), "/*/*", &mut patch);
    if let Some(wanted) = &to.method_settings {
        let live = from.method_settings.clone().unwrap_or_default();
        for gone in live.keys().filter(|method| !wanted.contains_key(*method)) {
            patch.push(Op::Remove, &format!("/{}", key(gone)), None);
        }
        for (method, wanted) in wanted {
            let live = live.get(method).cloned().unwrap_or_default();
            live.patch(wanted, &format!("/{}", key(method)), &mut patch);
        }
    }
    patch
}

fn patch_variables(patch: &mut Patch, from: &Spec, to: &Spec) {
    let Some(wanted) = &to.variables else { return };
    let live = from.variables.clone().unwrap_or_default();
    for gone in live.keys().filter(|name| !wanted.contains_key(*name)) {
        patch.push(Op::Remove, &format!("/variables/{gone}"), None);
    }
    for (name, value) in wanted {
        patch.set(&format!("/variables/{name}"), live.get(name), Some(value));
    }
}

/// The settings of all methods, which a spec has beside the others.
fn of_all(spec: &Spec) -> MethodSettings {
    MethodSettings {
        throttle: spec.throttle,
        metrics_enabled: spec.metrics_enabled,
        logging_level: spec.logging_level,
        data_trace_enabled: spec.data_trace_enabled,
        caching: spec.caching,
    }
}
