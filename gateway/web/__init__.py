"""The console: server-rendered pages for privacy officers and case managers.

`install` is all that the application factory needs. Whatever a page shows about a participant it gets through
`gateway.use`, or `gateway.disclosure`; what a member of staff may see is said in `gateway.web.roles`, nowhere else.
"""
