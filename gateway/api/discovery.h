// How clients find out what there is: /version, /api, /apis and the lists of resources; and the few core resources that
// kubectl asks for by itself (namespaces, events). Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "gateway/api/resource_api.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

AdminAnswer AnswerVersion();

// "/api" and what is below it. `segments` as of request_path.h.
AdminAnswer AnswerCore(const ApiContext& context, const std::vector<std::string>& segments);

// "/apis", "/apis/GROUP" and "/apis/GROUP/VERSION".
AdminAnswer AnswerGroups(const std::vector<std::string>& segments);

// The groups of the kinds, and their versions.
std::vector<std::string> KnownGroups();
std::vector<std::string> VersionsOfGroup(std::string_view group);

}  // namespace sluice::gateway
