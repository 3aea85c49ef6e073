// pickle_echo: reads pickles, takes them through the codec and writes what came out, for a Python peer to compare.
// Records on standard input: mode ('d' decode and write, 'e' take the item out of a request's envelope and splice it),
// protocol of the reader, 1 if the reader is Python 2, length (4 octets, little endian), the pickle.
// Records on standard output: 'o' or 'x', length, the pickle or an error message.
#include "codec/envelope.hpp"
#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "codec/opcode_output.hpp"
#include "codec/transcode.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace {

using namespace quaymaster;
using namespace quaymaster::codec;

bytes complete(const item& carried, reader_dialect reader)
{
    byte_buffer pickle;
    opcode_output out{pickle};
    out.op(opcode::proto);
    out.little(announced_protocol(carried, reader), 1);
    pickle.append(carried.opcodes());
    out.op(opcode::stop);
    return to_bytes(pickle.view());
}

bytes rewritten(bytes_view pickle, reader_dialect reader)
{
    const pickle_limits limits;
    pickle_status status;
    const decoded result = decode_pickle(pickle, limits, status);
    if (status)
        throw pickle_error{status.message(limits), status.code, status.offset};
    // Once around again: what we write must be what we read.
    const item once = write_item(*result.graph, result.root, reader);
    const decoded again = decode_item(once, limits, status);
    if (status)
        throw pickle_error{"our own output: " + status.message(limits), status.code, status.offset};
    return complete(write_item(*again.graph, again.root, reader), reader);
}

bytes spliced(bytes_view pickle, reader_dialect reader)
{
    const pickle_limits limits;
    static envelope_reader envelope;
    if (const pickle_status status = envelope.read(pickle, limits))
        throw pickle_error{status.message(limits), status.code, status.offset};
    if (envelope.field_count() != 4 || envelope.element_count(2) != 1)
        throw std::runtime_error{"no request with one argument"};
    return complete(transcode(envelope.take_element(2, 0).to_item(), reader, limits), reader);
}

bool read_all(void* data, std::size_t size)
{
    return std::fread(data, 1, size, stdin) == size;
}

void answer(char kind, std::string_view content)
{
    const auto size = static_cast<std::uint32_t>(content.size());
    std::fwrite(&kind, 1, 1, stdout);
    std::fwrite(&size, sizeof size, 1, stdout);
    std::fwrite(content.data(), 1, content.size(), stdout);
    std::fflush(stdout);
}

}  // namespace

int main()
{
    std::array<unsigned char, 3> head{};
    while (read_all(head.data(), head.size())) {
        std::uint32_t size = 0;
        if (!read_all(&size, sizeof size))
            return 1;
        bytes pickle(size);
        if (!read_all(pickle.data(), size))
            return 1;
        const reader_dialect reader{head[1], head[2] != 0};
        try {
            answer('o', as_chars(head[0] == 'd' ? rewritten(pickle, reader) : spliced(pickle, reader)));
        } catch (const std::exception& failure) {
            answer('x', failure.what());
        }
    }
}
