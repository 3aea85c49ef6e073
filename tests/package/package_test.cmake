# Installs BUILD_DIR into a prefix under WORK_DIR, then builds a copy of EXAMPLES_DIR that can only see that prefix, and
# runs what came out. Arguments: BUILD_DIR, EXAMPLES_DIR, WORK_DIR, CXX, GENERATOR; DEMO is tools/demo, or empty.
function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
set(prefix "${WORK_DIR}/prefix")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")

# As a user would have it: no preset, no flags of ours, optimisation off because only linking is in question here.
file(COPY "${EXAMPLES_DIR}/" DESTINATION "${WORK_DIR}/examples")
run("${CMAKE_COMMAND}" -S "${WORK_DIR}/examples" -B "${WORK_DIR}/build" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=-O0" "-DCMAKE_PREFIX_PATH=${prefix}"
    -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build")

run("${prefix}/bin/quaymaster" --version)
if(DEMO)
    run("${DEMO}" --tasks 50 --bin "${WORK_DIR}/build")
endif()
