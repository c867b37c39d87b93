//! Workers against a scripted server.
