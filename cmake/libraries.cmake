# What others keep well, found once. Names of the Debian packages are in the README.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS SSL Crypto)
pkg_check_modules(LIBJPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(LIBEXIF REQUIRED IMPORTED_TARGET libexif)
pkg_check_modules(LIBCONFIG REQUIRED IMPORTED_TARGET libconfig)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

# Debian's Paho ships CMake files in some releases only, and never a pkg-config file
find_path(PAHO_INCLUDE_DIR MQTTAsync.h REQUIRED)
find_library(PAHO_LIBRARY paho-mqtt3as REQUIRED)
add_library(paho INTERFACE)
target_include_directories(paho SYSTEM INTERFACE ${PAHO_INCLUDE_DIR})
target_link_libraries(paho INTERFACE ${PAHO_LIBRARY})

if(NOT STILL2MQTT_LIBCAMERA STREQUAL "OFF")
    pkg_check_modules(LIBCAMERA IMPORTED_TARGET libcamera)
endif()
if(STILL2MQTT_LIBCAMERA STREQUAL "ON" AND NOT LIBCAMERA_FOUND)
    message(FATAL_ERROR "STILL2MQTT_LIBCAMERA=ON, but libcamera's headers were not found "
                        "(Debian: apt install libcamera-dev)")
endif()
if(STILL2MQTT_LIBCAMERA STREQUAL "OFF")
    message(STATUS "libcamera: switched off, so its driver is left out")
elseif(LIBCAMERA_FOUND)
    message(STATUS "libcamera ${LIBCAMERA_VERSION}: building the libcamera driver")
else()
    message(STATUS "libcamera: no headers (apt install libcamera-dev), so the libcamera driver is "
                   "left out; the drivers \"pattern\" and \"files\" are built")
endif()
if(STILL2MQTT_TESTS)
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
