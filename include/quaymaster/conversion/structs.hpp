// structs: those with cereal's serialize(), and those that Boost.Describe knows. Include <quaymaster/conversion.hpp>.
#pragma once

#include <quaymaster/conversion/converter.hpp>
#include <quaymaster/conversion/scalars.hpp>

#include <boost/describe/members.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Declared, not included: cereal is needed only by programs whose structs use it.
namespace cereal {
class access;
template <class T>
class NameValuePair;
template <class Base>
struct base_class;
template <class Base>
struct virtual_base_class;
namespace detail {
namespace {
struct version_binding_tag;
}
template <class T, class BindingTag>
struct Version;
}  // namespace detail
}  // namespace cereal

namespace quaymaster {

/// The key under which a struct's cereal class version stands in its dict, as in cereal's JSON archives.
inline constexpr std::string_view class_version_key = "cereal_class_version";

class pickle_output_archive;
class pickle_input_archive;

namespace detail {

/// The ways in which a type can offer its fields to a cereal archive, in the order that they are tried.
enum class fields_by : std::uint8_t { nothing, member, private_member, function, versioned_member, versioned_function };

template <class Archive, class T>
[[nodiscard]] consteval fields_by how_serialized()
{
    using access = typename dependent<T, cereal::access>::type;
    if constexpr (requires(Archive& archive, T& object) { object.serialize(archive); })
        return fields_by::member;
    else if constexpr (requires(Archive& archive, T& object) { access::member_serialize(archive, object); })
        return fields_by::private_member;
    else if constexpr (requires(Archive& archive, T& object) { serialize(archive, object); })
        return fields_by::function;
    else if constexpr (requires(Archive& archive, T& object) { access::member_serialize(archive, object, std::uint32_t{}); })
        return fields_by::versioned_member;
    else if constexpr (requires(Archive& archive, T& object) { object.serialize(archive, std::uint32_t{}); })
        return fields_by::versioned_member;
    else if constexpr (requires(Archive& archive, T& object) { serialize(archive, object, std::uint32_t{}); })
        return fields_by::versioned_function;
    else
        return fields_by::nothing;
}

template <fields_by How, class Archive, class T>
void visit_fields(Archive& archive, T& object, [[maybe_unused]] std::uint32_t version)
{
    using access = typename dependent<T, cereal::access>::type;
    if constexpr (How == fields_by::member)
        object.serialize(archive);
    else if constexpr (How == fields_by::private_member)
        access::member_serialize(archive, object);
    else if constexpr (How == fields_by::function)
        serialize(archive, object);
    else if constexpr (How == fields_by::versioned_function)
        serialize(archive, object, version);
    else if constexpr (requires { object.serialize(archive, version); })
        object.serialize(archive, version);
    else
        access::member_serialize(archive, object, version);
}

template <class T>
inline constexpr bool is_named_field = false;
template <class T>
inline constexpr bool is_named_field<cereal::NameValuePair<T>> = true;

template <class T>
inline constexpr bool is_base_class = false;
template <class T>
inline constexpr bool is_base_class<cereal::base_class<T>> = true;
template <class T>
inline constexpr bool is_base_class<cereal::virtual_base_class<T>> = true;

}  // namespace detail

/// The cereal archive that a struct is written with: each named field becomes an entry of the dict being written.
class pickle_output_archive {
public:
    using is_saving = std::true_type;
    using is_loading = std::false_type;

    explicit pickle_output_archive(pickle_encoder& output) noexcept : output_{output} {}

    template <class... Fields>
    pickle_output_archive& operator()(Fields&&... fields)
    {
        (process(fields), ...);
        return *this;
    }
    template <class Field>
    pickle_output_archive& operator&(Field&& field)
    {
        process(field);
        return *this;
    }

private:
    template <class Field>
    void process(const Field& field)
    {
        if constexpr (detail::is_named_field<Field>) {
            output_.str(field.name);
            quaymaster::encode<std::remove_cvref_t<decltype(field.value)>>(output_, field.value);
        } else if constexpr (detail::is_base_class<Field>) {
            using base = std::remove_pointer_t<decltype(field.base_ptr)>;
            detail::visit_fields<detail::how_serialized<pickle_output_archive, base>()>(*this, *field.base_ptr, 0);
        } else {
            static_assert(detail::always_false<Field>,
                          "this field has no name, and Python sees a struct as a dict: use CEREAL_NVP or cereal::make_nvp");
        }
    }

    pickle_encoder& output_;
};

/// The cereal archive that a struct is read with: each named field is looked up in the dict that was found.
class pickle_input_archive {
public:
    using is_saving = std::false_type;
    using is_loading = std::true_type;

    explicit pickle_input_archive(const value& found) : fields_{found} {}

    template <class... Fields>
    pickle_input_archive& operator()(Fields&&... fields)
    {
        (process(fields), ...);
        return *this;
    }
    template <class Field>
    pickle_input_archive& operator&(Field&& field)
    {
        process(field);
        return *this;
    }
    /// The class version that was written; 0 if none was.
    [[nodiscard]] std::uint32_t class_version()
    {
        const std::optional<value> found = fields_.find(class_version_key);
        return found ? quaymaster::decode<std::uint32_t>(*found) : 0;
    }
    /// Reads one field; one that is missing is an error unless `field` is a std::optional.
    template <class T>
    void read(std::string_view name, T& field)
    {
        const std::optional<value> found = fields_.find(name);
        if (found)
            field = detail::decode_below<T>(*found, [name] { return std::string{name}; });
        else if constexpr (detail::is_optional<T>)
            field.reset();
        else
            detail::fail_missing(name, detail::expected_of<T>());
    }

private:
    template <class Field>
    void process(Field& field)
    {
        using plain = std::remove_cv_t<Field>;
        if constexpr (detail::is_named_field<plain>) {
            read(field.name, field.value);
        } else if constexpr (detail::is_base_class<plain>) {
            using base = std::remove_pointer_t<decltype(field.base_ptr)>;
            detail::visit_fields<detail::how_serialized<pickle_input_archive, base>()>(*this, *field.base_ptr, 0);
        } else {
            static_assert(detail::always_false<plain>,
                          "this field has no name, and Python sees a struct as a dict: use CEREAL_NVP or cereal::make_nvp");
        }
    }

    detail::field_reader fields_;
};

namespace detail {

template <class T>
concept cereal_struct =
    std::is_class_v<T> && how_serialized<pickle_output_archive, T>() != fields_by::nothing;

template <class T>
concept described_struct =
    std::is_class_v<T> && !cereal_struct<T> && boost::describe::has_describe_members<T>::value;

template <class T>
[[nodiscard]] std::uint32_t class_version_of()
{
    using version = cereal::detail::Version<T, cereal::detail::version_binding_tag>;
    if constexpr (requires { version::version; })
        return version::version;
    else
        return 0;
}

struct struct_converter_base {
    static std::string expected() { return "dict"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::dict || kind == value_kind::object; }
};

}  // namespace detail

template <detail::cereal_struct T>
struct converter<T> : detail::struct_converter_base {
    static constexpr detail::fields_by how_written = detail::how_serialized<pickle_output_archive, T>();
    static constexpr detail::fields_by how_read = detail::how_serialized<pickle_input_archive, T>();
    static constexpr bool is_versioned = how_written == detail::fields_by::versioned_member ||
                                         how_written == detail::fields_by::versioned_function;

    static void encode(pickle_encoder& output, const T& known)
    {
        output.begin_dict();
        std::uint32_t version = 0;
        if constexpr (is_versioned) {
            version = detail::class_version_of<T>();
            output.str(class_version_key);
            output.unsigned_integer(version);
        }
        pickle_output_archive archive{output};
        // serialize() is not const because it also reads; when writing it changes nothing, as cereal itself assumes.
        detail::visit_fields<how_written>(archive, const_cast<T&>(known), version);
        output.end_dict();
    }
    static T decode(const value& found)
    {
        const detail::nesting guard{found};
        T made{};
        pickle_input_archive archive{found};
        const std::uint32_t version = is_versioned ? archive.class_version() : 0;
        detail::visit_fields<how_read>(archive, made, version);
        return made;
    }
};

template <detail::described_struct T>
struct converter<T> : detail::struct_converter_base {
    using members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

    static void encode(pickle_encoder& output, const T& known)
    {
        output.begin_dict();
        for_each_member(members{}, [&]<class Member>(Member) {
            output.str(Member::name);
            quaymaster::encode(output, known.*Member::pointer);
        });
        output.end_dict();
    }
    static T decode(const value& found)
    {
        const detail::nesting guard{found};
        T made{};
        pickle_input_archive archive{found};
        for_each_member(members{}, [&]<class Member>(Member) { archive.read(Member::name, made.*Member::pointer); });
        return made;
    }

private:
    template <template <class...> class List, class... Members, class Visit>
    static void for_each_member(List<Members...>, Visit visit)
    {
        (visit(Members{}), ...);
    }
};

}  // namespace quaymaster
