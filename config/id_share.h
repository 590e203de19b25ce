// How many users a regular expression on an identifier takes, estimated on fixed samples of decimal and of hexadecimal
// identifiers: "^[0-9a-c].*" is 81 % of hexadecimal ids, and every decimal one. Costs a few hundred matches per
// expression, so `sluice validate` alone asks. Pure; one thread.
#pragma once

#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/document.h"
#include "core/route/string_match.h"

namespace sluice::config {

struct IdShare {
  int decimal = 0;      // per cent of 3 to 10 digits
  int hexadecimal = 0;  // per cent of 32 digits and of UUIDs
};

IdShare ShareOf(const core::StringMatch& match);

// Whether a header or query key of that name holds an identifier, as far as names tell: "x-user-id", "uid", "userId".
bool NamesAnId(std::string_view name);

// SL2047: regexes that take about all or none of one kind of identifiers, and a share of the other.
void CheckIdShares(const Documents& documents, std::vector<Finding>& findings);

}  // namespace sluice::config
