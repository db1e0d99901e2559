#!/bin/sh
# A printer for snmpd's pass_persist: serves the two objects of the Printer-MIB that a gateway asks for. The page count is
# the number in the file $1. Once there is no such file, there is no such object.
pages=.1.3.6.1.2.1.43.10.2.1.4.1.1
serial=.1.3.6.1.2.1.43.5.1.1.17.1
while read -r command; do
    case $command in
    PING) echo PONG; continue ;;
    get) read -r oid ;;
    *) read -r oid; echo NONE; continue ;;
    esac
    if [ "$oid" = "$pages" ] && [ -r "$1" ]; then
        printf '%s\ncounter32\n%s\n' "$oid" "$(cat "$1")"
    elif [ "$oid" = "$serial" ]; then
        printf '%s\nstring\nOLD-4711\n' "$oid"
    else
        echo NONE
    fi
done
