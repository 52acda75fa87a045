-- wrk: gets the form of one code after the other, from the file named by CODES, as a phone would ask for it
local codes, at = {}, 0
function init()
  for code in io.lines(os.getenv("CODES")) do codes[#codes + 1] = code end
end
function request()
  at = at % #codes + 1
  return "GET /" .. codes[at] .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate, br\r\n" ..
    "Accept-Language: sv-SE,sv;q=0.9,en-US;q=0.8,en;q=0.7\r\n\r\n"
end
