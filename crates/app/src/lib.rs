//! What a person can do in Papo: may they; store it; tell the others.
