// How the pages below /sluice/v1/ write what the store holds, and read what they are sent. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/resource_json.h"
#include "core/base/result.h"
#include "gateway/admin/admin_message.h"
#include "gateway/store/canary_store.h"
#include "gateway/store/change.h"
#include "gateway/store/revision_store.h"

namespace sluice::gateway {

// Without the objects it wrote.
config::Json ToJson(const Revision& revision);
// {"kind","namespace","name"}
config::Json ToJson(const config::ResourceKey& key);
// {"outcome","revision","summary","warnings","findings","error","objects":[{kind,namespace,name,change}]}
config::Json ToJson(const ChangeResult& result, const Change& change);
// {"timeUs","canary","what","text","author","revision","numbers"}
config::Json ToJson(const CanaryEvent& event);
// As the history keeps them.
config::Json ToJson(const std::vector<config::Finding>& findings);
std::uint16_t StatusOf(ChangeResult::Outcome outcome);

AdminAnswer JsonAnswerOf(std::uint16_t status, const config::Json& json);
// {"error":"cause; cure"}
AdminAnswer PageError(std::uint16_t status, const core::Error& error);
AdminAnswer NeedsToken();  // 401
std::uint16_t StatusOf(core::ErrorCode code);

// The body of a request: JSON, or YAML by its Content-Type; an object is what is wanted.
core::Result<config::Json> BodyOf(const AdminRequest& request);
std::string TextAt(const config::Json& json, const char* key);
bool FlagAt(const config::Json& json, const char* key);

}  // namespace sluice::gateway
