// Tables of comma-separated values.

#include "io/csv.h"
#include "../../fuzz_target.h"

ILK_FUZZ(csv) {
  std::string again;
  for (const auto& row : ilk::parse_csv(bytes))
    for (const auto& field : row) again += ilk::csv_field(field) + ",";
  ilk::parse_csv_rows(again, ';');
}
