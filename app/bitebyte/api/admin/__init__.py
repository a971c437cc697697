"""The admin API: for operators, on a listener of its own.

listener    serves it: plain HTTP on loopback, mutual TLS anywhere else
app         puts the routes together, and keeps browsers out
identity    who this node is
"""
