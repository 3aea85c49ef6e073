# Installs BUILD_DIR into a prefix under WORK_DIR, builds copies of EXAMPLES_DIR and of COMPONENT_DIR that can only see that
# prefix, and runs what came out. Arguments: BUILD_DIR, EXAMPLES_DIR, COMPONENT_DIR, WORK_DIR, CXX, GENERATOR; and DEMO, which is
# tools/demo or empty.
function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
set(prefix "${WORK_DIR}/prefix")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")
run("${prefix}/bin/quaymaster" --version)

# Copies `source` to WORK_DIR/<name> and builds it in WORK_DIR/<name>/build, as a user would: no preset and no flags of ours.
# Optimisation is off, because only compiling and linking are in question.
function(build_outside source name)
    set(copy "${WORK_DIR}/${name}")
    file(COPY "${source}/" DESTINATION "${copy}")
    run("${CMAKE_COMMAND}" -S "${copy}" -B "${copy}/build" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=-O0" "-DCMAKE_PREFIX_PATH=${prefix}"
        -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
    run("${CMAKE_COMMAND}" --build "${copy}/build")
endfunction()

build_outside("${EXAMPLES_DIR}" examples)
if(DEMO)
    run("${DEMO}" --tasks 50 --bin "${WORK_DIR}/examples/build")
endif()

build_outside("${COMPONENT_DIR}" component)
run("${WORK_DIR}/component/build/boost_items")
