// The Location of a redirect rule (istio-reference.md section 1.3, redirect). Pure; the result lies in the arena.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/http/head.h"
#include "core/route/match_program.h"
#include "core/route/route.h"

namespace sluice::core {

// scheme://authority/path?query with the parts the rule names replaced; the query of the request is kept. Without a rule
// for it the port of the request stays, except that a change of scheme drops the old scheme's default port. ":80" with
// http and ":443" with https are never written. A request without an authority gets a path only.
std::string_view RedirectLocation(const Redirect& redirect, const RouteMatch* match, const RouteInput& input,
                                  Arena& arena);

}  // namespace sluice::core
