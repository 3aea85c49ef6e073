// frame_consumer: looks at the frames of a camera, which are numpy arrays, where they were received. Run frame_consumer, then
// python/camera.py, with which this program then ends.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <cereal/cereal.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <optional>
#include <vector>

namespace qm = quaymaster;

/// In Python: {'frame': 7, 'time': 1700000000.25, 'image': numpy.array(..., dtype=numpy.uint8)}
struct camera_frame {
    std::int64_t number = 0;
    double time = 0;                       // when it was taken, in seconds since 1970
    qm::ndarray_view<std::uint8_t> image;  // height x width x colours; no copy

    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(cereal::make_nvp("frame", number), CEREAL_NVP(time), CEREAL_NVP(image));
    }
};

struct camera_manager : qm::base_manager {
    using base_manager::base_manager;
    /// None is the end.
    auto get_frames() { return create<qm::queue_proxy<std::optional<camera_frame>>>("get_frames"); }
};

namespace {

using clock = std::chrono::steady_clock;

double mean_brightness(const qm::ndarray_view<std::uint8_t>& image)
{
    std::vector<std::uint8_t> spare;  // stays empty but for images that are not in C order
    const auto pixels = image.contiguous(spare);
    return static_cast<double>(std::accumulate(pixels.begin(), pixels.end(), std::uint64_t{0})) /
           static_cast<double>(std::max<std::size_t>(pixels.size(), 1));
}

double seconds_since_1970()
{
    return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
}

void print(const camera_frame& frame)
{
    const char* between = "";
    std::cout << "frame " << frame.number << ": ";
    for (const std::size_t extent : frame.image.shape()) {
        std::cout << between << extent;
        between = " x ";
    }
    std::cout << ", mean brightness " << mean_brightness(frame.image) << ", " << 1000 * (seconds_since_1970() - frame.time)
              << " ms old\n";
}

}  // namespace

int main(int argc, char** argv)
try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file"}};
    camera_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)},
                           options.authkey()};
    manager.register_queue("get_frames", {.maxsize = 8});  // a camera that is faster than we are waits
    manager.start();
    std::cout << "listening on " << manager.address().to_string() << std::endl;

    const auto frames = manager.get_frames();
    int count = 0;
    clock::time_point first;
    std::cout << std::fixed << std::setprecision(1);
    while (const std::optional<camera_frame> next = frames.get()) {
        if (count++ == 0)
            first = clock::now();
        print(*next);
    }
    const std::chrono::duration<double> taken = clock::now() - first;
    std::cout << count << " frames, " << (count > 1 ? (count - 1) / taken.count() : 0.0) << " frames/s\n";
} catch (const std::exception& failure) {
    std::cerr << "frame_consumer: " << failure.what() << '\n';
    return 1;
}
