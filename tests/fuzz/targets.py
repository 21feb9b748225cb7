"""What strangers can write, given to the code that reads it: each target takes any bytes, and raises for a fault only.

Pod authors write annotations, whoever defines networks writes NADs; files may be torn; plugins, servers and clients of
the socket may say anything. The rule: an error of the declared kind, or an answer; for a whole call one JSON document.
That it takes neither seconds nor hundreds of megabytes is for the engine to see.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import answers, calls, documents, state

Target = Callable[[bytes], None]

TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        calls.annotation,
        calls.default_network,
        calls.nad,
        calls.delegate,
        calls.record,
        calls.cached_result,
        calls.standard_input,
        calls.environment,
        documents.multus_conf,
        documents.daemon_config,
        documents.primary_network,
        documents.cni_args,
        documents.plugin_result,
        documents.network_list,
        documents.selections,
        documents.json_text,
        documents.server_url,
        documents.manifest,
        documents.validated,
        answers.kubeconfig_file,
        answers.credential,
        answers.frame,
        answers.api_answer,
        answers.object_list,
        answers.watch,
        answers.claims,
        answers.kubelet,
        answers.kernel,
        state.device_checkpoint,
        state.device_information,
        state.lock_notes,
        state.inventory,
    )
}
