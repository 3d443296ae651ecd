/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/mesh_api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "coordinator/activation.h"
#include "grpc/marble_messages.h"

/* An answer that waits for its activation to be counted on disk. */
struct pending {
	struct loop *loop;
	struct grpc_call *call; /* NULL when the Marble is gone */
	struct buf answer;
	struct buf quote; /* for the event */
	char *marble_type;
	char *uuid;
	struct error error; /* of counting */
};

static void put_answer(const struct activation_result *result, struct buf *out)
{
	Rpc__Parameters parameters = RPC__PARAMETERS__INIT;
	Rpc__ActivationResp response = RPC__ACTIVATION_RESP__INIT;
	AUTO(auto_free)
	Rpc__Parameters__FilesEntry *files = xcalloc(result->file_count, sizeof(*files));
	AUTO(auto_free)
	Rpc__Parameters__FilesEntry **file_list = xcalloc(result->file_count, sizeof(*file_list));
	AUTO(auto_free) Rpc__Parameters__EnvEntry *env = xcalloc(result->env_count, sizeof(*env));
	AUTO(auto_free)
	Rpc__Parameters__EnvEntry **env_list = xcalloc(result->env_count, sizeof(*env_list));
	for (size_t i = 0; i < result->file_count; i++) {
		struct activation_value *file = &result->files[i];
		rpc__parameters__files_entry__init(&files[i]);
		files[i].key = (char *)file->name;
		files[i].value = (ProtobufCBinaryData){ file->value.size, file->value.data };
		file_list[i] = &files[i];
	}
	for (size_t i = 0; i < result->env_count; i++) {
		struct activation_value *variable = &result->env[i];
		rpc__parameters__env_entry__init(&env[i]);
		env[i].key = (char *)variable->name;
		env[i].value = (ProtobufCBinaryData){ variable->value.size, variable->value.data };
		env_list[i] = &env[i];
	}
	parameters.n_files = result->file_count;
	parameters.files = file_list;
	parameters.n_env = result->env_count;
	parameters.env = env_list;
	parameters.n_argv = result->marble->argc;
	parameters.argv = result->marble->argv;
	response.parameters = &parameters;
	activation_response_put(&response, out);
}

static void tell_success(
	struct core *core, const char *marble_type, const char *uuid, struct bytes quote)
{
	log_info("Successfully activated new Marble", "MarbleType", marble_type, "UUID", uuid);
	metrics_end_call(core->metrics, marble_type, uuid, "OK");
	events_add(core->events, marble_type, uuid, quote);
}

static void tell_failure(struct core *core, const char *marble_type, const char *uuid,
	enum grpc_code code, const struct error *err)
{
	char unknown[32];
	log_error("Marble Activation failed", "marbleType", marble_type, "uuid", uuid, "error",
		err->message);
	metrics_end_call(core->metrics, marble_type, uuid, grpc_code_name((int)code, unknown));
}

static void tell_gone(struct core *core, const struct activation_request *request)
{
	struct error err = { 0 };
	error_set(&err, ERROR_UNAVAILABLE, "the Marble did not wait for the answer");
	tell_failure(core, request->marble_type, request->uuid, GRPC_CANCELLED, &err);
}

static void free_pending(struct pending *pending)
{
	buf_free(&pending->answer);
	buf_free(&pending->quote);
	free(pending->marble_type);
	free(pending->uuid);
	free(pending);
}

static void answer_pending(void *context)
{
	struct pending *pending = context;
	struct core *core = pending->loop->core;
	if (pending->error.kind)
		tell_failure(
			core, pending->marble_type, pending->uuid, GRPC_INTERNAL, &pending->error);
	else
		tell_success(core, pending->marble_type, pending->uuid, buf_bytes(&pending->quote));
	if (pending->call && pending->error.kind)
		grpc_call_fail(pending->call, GRPC_INTERNAL, pending->error.message);
	else if (pending->call)
		grpc_call_reply(pending->call, buf_bytes(&pending->answer));
	free_pending(pending);
}

/* On the counters' thread. */
static void on_counted(void *context, const struct error *error)
{
	struct pending *pending = context;
	if (error) {
		pending->error = *error;
		error_prefix(&pending->error, "committing store transaction");
	}
	loop_post(pending->loop, answer_pending, pending);
}

static void on_gone(void *context)
{
	struct pending *pending = context;
	pending->call = NULL;
}

/* Counts the activation and answers when that is on disk. False if the limit is used up. */
static bool count_and_answer(struct loop *loop, struct grpc_call *call,
	const struct activation_request *request, const struct activation_result *result)
{
	struct pending *pending = xcalloc(1, sizeof(*pending));
	pending->loop = loop;
	pending->call = call;
	pending->marble_type = xstrdup(request->marble_type);
	pending->uuid = xstrdup(request->uuid);
	buf_put(&pending->quote, request->quote.data, request->quote.size);
	put_answer(result, &pending->answer);
	grpc_call_on_gone(call, on_gone, pending);
	if (counters_increment(core_counters(loop->core), request->marble_type,
		    result->marble->max_activations, on_counted, pending))
		return true;
	grpc_call_on_gone(call, NULL, NULL);
	free_pending(pending);
	return false;
}

static void fail(struct core *core, struct grpc_call *call,
	const struct activation_request *request, enum grpc_code code, const struct error *err)
{
	tell_failure(core, request->marble_type, request->uuid, code, err);
	grpc_call_fail(call, code, err->message);
}

static void answer_activated(struct loop *loop, struct grpc_call *call,
	const struct activation_request *request, const struct activation_result *result)
{
	if (!result->marble->max_activations) {
		AUTO(buf_free) struct buf message = { 0 };
		put_answer(result, &message);
		grpc_call_reply(call, buf_bytes(&message));
		tell_success(loop->core, request->marble_type, request->uuid, request->quote);
	} else if (!count_and_answer(loop, call, request, result)) {
		enum grpc_code code;
		struct error err = { 0 };
		activation_refuse_exhausted(
			request->marble_type, result->marble->max_activations, &code, &err);
		fail(loop->core, call, request, code, &err);
	}
}

/* An activation that another thread makes, with its own copy of the request. */
struct slow_activation {
	struct loop *loop;
	struct grpc_call *call; /* NULL when the Marble is gone */
	struct activation_request request;
	struct buf quote;
	struct buf csr;
	char *marble_type;
	char *uuid;
	bool was_made;
	struct activation_result result;
	enum grpc_code code;
	struct error error;
};

static void slow_activation_free(struct slow_activation *slow)
{
	activation_result_free(&slow->result);
	X509_free(slow->request.peer);
	buf_free(&slow->quote);
	buf_free(&slow->csr);
	free(slow->marble_type);
	free(slow->uuid);
	free(slow);
}

static void on_slow_gone(void *context)
{
	struct slow_activation *slow = context;
	slow->call = NULL;
}

static void run_slow(void *context)
{
	struct slow_activation *slow = context;
	slow->error = (struct error){ 0 };
	slow->was_made = activate(slow->loop->core, &slow->request, clock_now(), &slow->result,
		&slow->code, &slow->error);
}

static void finish_slow(void *context)
{
	struct slow_activation *slow = context;
	if (slow->call)
		grpc_call_on_gone(slow->call, NULL, NULL);
	if (!slow->call)
		tell_gone(slow->loop->core, &slow->request);
	else if (slow->was_made)
		answer_activated(slow->loop, slow->call, &slow->request, &slow->result);
	else
		fail(slow->loop->core, slow->call, &slow->request, slow->code, &slow->error);
	slow_activation_free(slow);
}

/* Makes an activation for which the loop does not wait. */
static void activate_slowly(struct loop *loop, struct grpc_call *call,
	const struct activation_request *request, bool has_to_wait)
{
	struct slow_activation *slow = xcalloc(1, sizeof(*slow));
	slow->loop = loop;
	slow->call = call;
	slow->request = *request;
	buf_put(&slow->quote, request->quote.data, request->quote.size);
	buf_put(&slow->csr, request->csr.data, request->csr.size);
	slow->request.quote = buf_bytes(&slow->quote);
	slow->request.csr = buf_bytes(&slow->csr);
	slow->request.marble_type = slow->marble_type = xstrdup(request->marble_type);
	slow->request.uuid = slow->uuid = xstrdup(request->uuid);
	slow->request.is_hurried = false;
	X509_up_ref(request->peer);
	slow->code = GRPC_UNAVAILABLE;
	error_set(&slow->error, ERROR_UNAVAILABLE, "too many Marbles wait for %s: try again later",
		has_to_wait ? "DCAP collateral" : "RSA keys");
	grpc_call_on_gone(call, on_slow_gone, slow);
	if (has_to_wait)
		loop_offload_waiting(loop, run_slow, finish_slow, slow);
	else
		loop_offload(loop, run_slow, finish_slow, slow);
}

static void answer(struct loop *loop, struct grpc_call *call, const Rpc__ActivationReq *message)
{
	const struct activation_request request = {
		.quote = { message->quote.data, message->quote.len },
		.csr = { message->csr.data, message->csr.len },
		.marble_type = message->marbletype,
		.uuid = message->uuid,
		.peer = grpc_call_peer_certificate(call),
		.is_hurried = true,
	};
	AUTO(activation_result_free) struct activation_result result = { 0 };
	enum grpc_code code = GRPC_INTERNAL;
	struct error err = { 0 };
	if (activate(loop->core, &request, clock_now(), &result, &code, &err))
		answer_activated(loop, call, &request, &result);
	else if (result.was_too_slow || result.has_to_wait)
		activate_slowly(loop, call, &request, result.has_to_wait);
	else
		fail(loop->core, call, &request, code, &err);
}

static void handle_activate(struct grpc_call *call, struct bytes message, void *context)
{
	struct error err = { 0 };
	AUTO(auto_activation_request)
	Rpc__ActivationReq *request = activation_request_read(message, &err);
	if (!request) {
		grpc_call_fail(call, GRPC_INTERNAL, err.message);
		return;
	}
	struct loop *loop = context;
	log_info("Received activation request", "MarbleType", request->marbletype);
	metrics_begin_call(loop->core->metrics, request->marbletype, request->uuid);
	answer(loop, call, request);
}

struct grpc_server *mesh_api_serve(struct loop *loop, int listener, SSL_CTX *tls,
	size_t connections_max, unsigned idle_seconds, struct error *err)
{
	loop->mesh_methods[0] = (struct grpc_method){ GRPC_ACTIVATE_PATH, handle_activate, loop };
	const struct grpc_server_config config = {
		.base = loop->base,
		.listener = listener,
		.tls = tls,
		.methods = loop->mesh_methods,
		.connections_max = connections_max,
		.idle_seconds = idle_seconds,
	};
	return grpc_server_new(&config, err);
}
