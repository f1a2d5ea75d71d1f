# still2mqtt_flags: the warnings, hardening and sanitizers that every target of ours is built with.
include(CheckPIESupported)
check_pie_supported()

add_library(still2mqtt_flags INTERFACE)
target_include_directories(still2mqtt_flags INTERFACE ${CMAKE_SOURCE_DIR}/agent)
target_compile_definitions(still2mqtt_flags INTERFACE
    _GNU_SOURCE STILL2MQTT_VERSION="${PROJECT_VERSION}")
target_compile_options(still2mqtt_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wcast-qual
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings>
    -fno-common -fstack-protector-strong)
target_link_options(still2mqtt_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)

# assertions are about our own mistakes: a released agent should stop at one, not go on with it
foreach(config RELEASE RELWITHDEBINFO MINSIZEREL)
    string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${config} "${CMAKE_C_FLAGS_${config}}")
    string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_${config} "${CMAKE_CXX_FLAGS_${config}}")
endforeach()

if(STILL2MQTT_WERROR)
    target_compile_options(still2mqtt_flags INTERFACE -Werror)
endif()
if(STILL2MQTT_SANITIZE)
    target_compile_options(still2mqtt_flags INTERFACE
        -fsanitize=${STILL2MQTT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(still2mqtt_flags INTERFACE -fsanitize=${STILL2MQTT_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    # fortify needs the optimiser, and its checks hide from the sanitizers what they would report
    target_compile_definitions(still2mqtt_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(STILL2MQTT_COVERAGE)
    target_compile_options(still2mqtt_flags INTERFACE --coverage)
    target_link_options(still2mqtt_flags INTERFACE --coverage)
endif()
