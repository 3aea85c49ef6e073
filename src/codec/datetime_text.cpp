#include "codec/datetime_text.hpp"

#include <cstdint>

namespace quaymaster::codec {

namespace {

constexpr std::size_t date_size = 4;
constexpr std::size_t time_size = 6;

unsigned octet_at(std::string_view octets, std::size_t index)
{
    return static_cast<unsigned char>(octets[index]);
}

void append_field(std::string& output, unsigned field)
{
    if (!output.empty())
        output += ", ";
    output += std::to_string(field);
}

/// Year, month and day; the month's top bit belongs to the time.
void append_date(std::string& output, std::string_view octets)
{
    append_field(output, octet_at(octets, 0) * 256 + octet_at(octets, 1));
    append_field(output, octet_at(octets, 2) & 0x7fU);
    append_field(output, octet_at(octets, 3));
}

/// Hour and minute; second and microsecond where Python shows them.
void append_time(std::string& output, std::string_view octets)
{
    const unsigned second = octet_at(octets, 2);
    const unsigned microsecond = (octet_at(octets, 3) << 16U) | (octet_at(octets, 4) << 8U) | octet_at(octets, 5);
    append_field(output, octet_at(octets, 0) & 0x7fU);
    append_field(output, octet_at(octets, 1));
    if (second != 0 || microsecond != 0)
        append_field(output, second);
    if (microsecond != 0)
        append_field(output, microsecond);
}

}  // namespace

std::optional<std::string> datetime_fields(std::string_view qualified_name, std::string_view octets)
{
    std::string fields;
    // "fold" tells the second of two like times when clocks are set back: the top bit of the month, or of the hour.
    bool fold = false;
    if (qualified_name == "date" && octets.size() == date_size) {
        append_date(fields, octets);
    } else if (qualified_name == "time" && octets.size() == time_size) {
        append_time(fields, octets);
        fold = (octet_at(octets, 0) & 0x80U) != 0;
    } else if (qualified_name == "datetime" && octets.size() == date_size + time_size) {
        append_date(fields, octets);
        append_time(fields, octets.substr(date_size));
        fold = (octet_at(octets, 2) & 0x80U) != 0;
    } else {
        return std::nullopt;
    }
    if (fold)
        fields += ", fold=1";
    return fields;
}

}  // namespace quaymaster::codec
