// An explanation for people, made of its JSON (explanation_json), so that it reads the same whether files or a running
// gateway gave it. Pure; any thread.
#pragma once

#include <string>

#include "config/resource_json.h"

namespace sluice::gateway {

// `colour`: with escape sequences of a terminal. Text that a client sent is quoted and escaped.
std::string ExplanationText(const config::Json& explanation, bool colour);

}  // namespace sluice::gateway
