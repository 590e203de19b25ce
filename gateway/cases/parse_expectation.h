// `expect` of a test -> Expectation. Findings go to the scope of the fields. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/fields.h"
#include "gateway/cases/route_case.h"

namespace sluice::gateway {

Expectation ParseExpectation(config::Fields& expect);

// A scalar as it is written. Unlike Fields::Text it has nothing against 42 without quotes: kubectl never sees these files.
std::optional<std::string> ReadWord(config::Fields& fields, std::string_view key);
// Name -> such a scalar, sorted by name.
HeaderList ReadWords(config::Fields& fields, std::string_view key);

}  // namespace sluice::gateway
